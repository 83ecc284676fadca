output "environment" {
  description = "What `terraform init` in the environments reads from the shell: `terraform output -raw environment`."
  sensitive   = true
  value       = <<-EOT
    export AWS_ACCESS_KEY_ID='${module.state.access_key}'
    export AWS_SECRET_ACCESS_KEY='${module.state.secret_key}'
    export AWS_ENDPOINT_URL_S3='${module.state.endpoint}'
    export TF_CLI_ARGS_init='-backend-config=bucket=${module.state.bucket}'
  EOT
}

output "bucket" {
  description = "The bucket's name: STATE_BUCKET of the workflow terraform-plan."
  value       = module.state.bucket
}

output "endpoint" {
  description = "The bucket's endpoint: STATE_ENDPOINT of the workflow terraform-plan."
  value       = module.state.endpoint
}
