mock_provider "linode" {}

variables {
  label  = "sspp-test-backups"
  region = "nl-ams"
}

run "state_never_expires_and_its_key_opens_one_bucket" {
  command = plan

  assert {
    condition     = length(linode_object_storage_bucket.this.lifecycle_rule[0].expiration) == 0
    error_message = "Objects expire though no rule says so."
  }

  assert {
    condition     = [for access in linode_object_storage_key.this.bucket_access : "${access.bucket_name} ${access.permissions}"] == ["sspp-test-backups read_write"]
    error_message = "The key opens another bucket."
  }
}
