variable "region" {
  description = "Where the cluster is; its plans, the Object Storage and NodeBalancers have to be offered there."
  type        = string
  default     = "nl-ams"
}

variable "backup_region" {
  description = "Where backups are: another region than the cluster's."
  type        = string
  default     = "se-sto"

  validation {
    condition     = var.backup_region != var.region
    error_message = "Backups beside what they are backups of are lost with it: choose another region."
  }
}

variable "k8s_version" {
  description = "The Kubernetes version, major and minor."
  type        = string
  default     = "1.34"
}

variable "control_plane_allowed_ipv4" {
  description = "Addresses and ranges that may speak to the Kubernetes API: yours, and those of your CI."
  type        = set(string)
  default     = []
}

variable "domain" {
  description = "The domain under which the API is reached, such as example.com. Null: no DNS records."
  type        = string
  default     = null
}

variable "create_domain" {
  description = "Whether to make the domain's zone; only one environment may."
  type        = bool
  default     = false
}
