output "kubeconfig" {
  description = "The kubeconfig: `terraform output -raw kubeconfig | base64 --decode`."
  value       = module.lke_cluster.kubeconfig
  sensitive   = true
}

output "api_endpoints" {
  description = "Where the Kubernetes API answers."
  value       = module.lke_cluster.api_endpoints
}

output "nodebalancer_id" {
  description = "The id of the NodeBalancer, which is in the overlay's nodebalancer.env too; null without one."
  value       = one(module.nodebalancer[*].id)
}

output "address" {
  description = "The name or, without a domain, the address of the API; null where it is not on the internet."
  value       = one(coalescelist(module.dns[*].name, module.nodebalancer[*].ipv4, [null]))
}

output "backup_environment" {
  description = "What scripts/install-tools.sh reads to make the Secret of the backups: `terraform output -raw backup_environment`."
  sensitive   = true
  value       = <<-EOT
    export AWS_ACCESS_KEY_ID='${module.backups.access_key}'
    export AWS_SECRET_ACCESS_KEY='${module.backups.secret_key}'
    export AWS_ENDPOINT_URL='${module.backups.endpoint}'
    export BACKUP_BUCKET='${module.backups.bucket}'
  EOT
}
