# A module of its own, so that tests can say what LKE offers: Terraform's mocks make no list of objects.
data "linode_lke_versions" "offered" {
  tier = "standard"
}

output "ids" {
  description = "The Kubernetes versions that LKE offers, such as 1.34."
  value       = data.linode_lke_versions.offered.versions[*].id
}
