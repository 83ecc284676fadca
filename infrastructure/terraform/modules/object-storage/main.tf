resource "linode_object_storage_bucket" "this" {
  label        = var.label
  region       = var.region
  acl          = "private"
  cors_enabled = false
  versioning   = true

  lifecycle_rule {
    id                                     = "age"
    enabled                                = true
    abort_incomplete_multipart_upload_days = 3

    noncurrent_version_expiration {
      days = var.noncurrent_days
    }

    dynamic "expiration" {
      for_each = var.expire_days == null ? [] : [var.expire_days]

      content {
        days = expiration.value
      }
    }
  }
}

locals {
  # Known once the bucket is: a key for a bucket that is not there yet is refused.
  bucket_region = linode_object_storage_bucket.this.hostname == null ? null : var.region
}

# A key for this bucket and nothing else.
resource "linode_object_storage_key" "this" {
  label = var.label

  bucket_access {
    bucket_name = linode_object_storage_bucket.this.label
    region      = local.bucket_region
    permissions = "read_write"
  }
}
