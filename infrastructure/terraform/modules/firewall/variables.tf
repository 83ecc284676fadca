variable "label" {
  description = "The firewall's name, 3 to 32 letters, digits, dashes and underscores."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9][a-zA-Z0-9_-]{1,30}[a-zA-Z0-9]$", var.label))
    error_message = "The label should be 3 to 32 letters, digits, dashes and underscores."
  }
}

variable "tags" {
  description = "Tags of the firewall."
  type        = set(string)
  default     = []
}
