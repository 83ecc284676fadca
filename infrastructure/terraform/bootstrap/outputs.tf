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
