output "bucket" {
  description = "The bucket's name."
  value       = linode_object_storage_bucket.this.label
}

output "endpoint" {
  description = "The S3 endpoint, with its scheme."
  value       = "https://${linode_object_storage_bucket.this.s3_endpoint}"
}

output "access_key" {
  description = "The id of the key that reads and writes the bucket."
  value       = linode_object_storage_key.this.access_key
  sensitive   = true
}

output "secret_key" {
  description = "The secret of the key that reads and writes the bucket."
  value       = linode_object_storage_key.this.secret_key
  sensitive   = true
}
