mock_provider "linode" {}

variables {
  label  = "sspp-test-backups"
  region = "nl-ams"
}

run "private_versioned_and_expiring" {
  command = plan

  variables {
    expire_days     = 35
    noncurrent_days = 14
  }

  assert {
    condition     = linode_object_storage_bucket.this.acl == "private" && linode_object_storage_bucket.this.versioning && !linode_object_storage_bucket.this.cors_enabled
    error_message = "The bucket is not private and versioned."
  }

  assert {
    condition     = linode_object_storage_bucket.this.lifecycle_rule[0].expiration[0].days == 35 && linode_object_storage_bucket.this.lifecycle_rule[0].noncurrent_version_expiration[0].days == 14
    error_message = "The lifecycle is not what was asked for."
  }
}

run "the_deprecated_form_and_hasty_expiry_are_refused" {
  command = plan

  variables {
    label       = "Backups"
    region      = "nl-ams-1"
    expire_days = 1
  }

  expect_failures = [var.label, var.region, var.expire_days]
}
