output "id" {
  description = "The cluster's id."
  value       = linode_lke_cluster.this.id
}

output "api_endpoints" {
  description = "Where the Kubernetes API answers."
  value       = linode_lke_cluster.this.api_endpoints
}

output "kubeconfig" {
  description = "The kubeconfig, in base64. An administrator's credentials: pipe it where it is needed, never write it beside the code."
  value       = linode_lke_cluster.this.kubeconfig
  sensitive   = true
}
