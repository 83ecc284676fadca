# The bucket, its endpoint and its keys come from the shell: `terraform -chdir=../../bootstrap output -raw environment`.
terraform {
  backend "s3" {
    key                         = "staging/terraform.tfstate"
    region                      = "us-east-1" # Linode Object Storage takes any; its endpoint decides
    use_lockfile                = true
    skip_credentials_validation = true
    skip_region_validation      = true
    skip_requesting_account_id  = true
    skip_metadata_api_check     = true
    skip_s3_checksum            = true
  }
}
