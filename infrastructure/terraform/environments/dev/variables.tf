variable "region" {
  description = "Where the cluster is; nl-ams without it."
  type        = string
  default     = null
}

variable "backup_region" {
  description = "Where backups are, another region than the cluster's; se-sto without it."
  type        = string
  default     = null
}

variable "backup_bucket" {
  description = "The name of the bucket of backups, which has to be unique in its region."
  type        = string
  default     = null
}

variable "k8s_version" {
  description = "The Kubernetes version, major and minor; 1.34 without it."
  type        = string
  default     = null
}

variable "control_plane_allowed_ipv4" {
  description = "Addresses and ranges that may speak to the Kubernetes API: yours, and those of your CI. Empty: everyone may try."
  type        = set(string)
  default     = []
}

variable "domain" {
  description = "The domain under which the API is reached, such as example.com; no DNS records without it."
  type        = string
  default     = null
}

variable "create_domain" {
  description = "Whether to make the domain's zone; only one environment may."
  type        = bool
  default     = false
}

variable "certificate_authority" {
  description = "The one authority that may issue certificates for the name; letsencrypt.org without it."
  type        = string
  default     = null
}
