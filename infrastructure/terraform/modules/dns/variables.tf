variable "domain" {
  description = "The domain, such as example.com."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "The domain should be a name such as example.com."
  }
}

variable "create_domain" {
  description = "Whether to make the domain's zone. False where it is in the account already."
  type        = bool
  default     = false
}

variable "soa_email" {
  description = "The contact address of a zone that is made here; hostmaster@ the domain by default."
  type        = string
  default     = null
}

variable "host" {
  description = "The name within the domain, such as sspp; empty for the domain itself."
  type        = string

  validation {
    condition     = can(regex("^$|^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$", var.host))
    error_message = "The host should be letters, digits, dashes and dots, such as sspp or sspp.staging."
  }
}

variable "ipv4" {
  description = "Where the name leads, in IPv4."
  type        = string
}

variable "ipv6" {
  description = "Where the name leads, in IPv6."
  type        = string
}

variable "certificate_authority" {
  description = "The one authority that may issue certificates for the name."
  type        = string
  default     = "letsencrypt.org"
}

variable "ttl_sec" {
  description = "How many seconds resolvers may keep an answer: one of the lengths that Linode knows."
  type        = number
  default     = 300

  validation {
    condition     = contains([30, 120, 300, 3600, 7200, 14400, 28800, 57600, 86400], var.ttl_sec)
    error_message = "Linode rounds other lengths: use 30, 120, 300, 3600, 7200, 14400, 28800, 57600 or 86400."
  }
}

variable "tags" {
  description = "Tags of a zone that is made here."
  type        = set(string)
  default     = []
}
