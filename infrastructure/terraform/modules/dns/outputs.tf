output "name" {
  description = "The full name under which the API is reached."
  value       = var.host == "" ? var.domain : "${var.host}.${var.domain}"
}

output "certificate_authority" {
  description = "The authority that the CAA record lets issue certificates."
  value       = linode_domain_record.certificates.target
}
