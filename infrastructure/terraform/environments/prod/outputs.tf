output "kubeconfig" {
  description = "The kubeconfig: `terraform output -raw kubeconfig | base64 --decode`."
  value       = module.environment.kubeconfig
  sensitive   = true
}

output "api_endpoints" {
  description = "Where the Kubernetes API answers."
  value       = module.environment.api_endpoints
}

output "nodebalancer_id" {
  description = "The id of the NodeBalancer, which is in the overlay's nodebalancer.env too; null without one."
  value       = module.environment.nodebalancer_id
}

output "address" {
  description = "The name or, without a domain, the address of the API; null where it is not on the internet."
  value       = module.environment.address
}

output "backup_environment" {
  description = "What scripts/install-tools.sh reads to make the Secret of the backups: `terraform output -raw backup_environment`."
  value       = module.environment.backup_environment
  sensitive   = true
}
