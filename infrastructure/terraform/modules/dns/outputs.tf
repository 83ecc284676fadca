output "name" {
  description = "The full name under which the API is reached."
  value       = var.host == "" ? var.domain : "${var.host}.${var.domain}"
}
