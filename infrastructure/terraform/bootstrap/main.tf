# The bucket of Terraform's state, made once. Its own state stays where this runs: keep the file, or import the bucket again.
provider "linode" {
  # LINODE_TOKEN says who; the keys that set up the bucket live for a minute.
  obj_use_temp_keys = true
}

module "state" {
  source = "../modules/object-storage"

  label           = var.bucket
  region          = var.region
  noncurrent_days = 90
}
