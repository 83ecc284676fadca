mock_provider "linode" {}

# The module has tests of its own.
override_module {
  target  = module.state
  outputs = { access_key = "ID", secret_key = "SECRET", endpoint = "https://storage.example.com", bucket = "state" }
}

run "the_shell_gets_what_init_needs" {
  assert {
    condition     = output.environment == <<-EOT
      export AWS_ACCESS_KEY_ID='ID'
      export AWS_SECRET_ACCESS_KEY='SECRET'
      export AWS_ENDPOINT_URL_S3='https://storage.example.com'
      export TF_CLI_ARGS_init='-backend-config=bucket=state'
    EOT
    error_message = "The environment is not what `terraform init` reads."
  }
}
