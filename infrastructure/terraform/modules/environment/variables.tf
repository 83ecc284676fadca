variable "name" {
  description = "The environment: dev, staging or prod. What is made carries it in its name."
  type        = string

  validation {
    condition     = contains(["dev", "staging", "prod"], var.name)
    error_message = "The environments are dev, staging and prod."
  }
}

variable "high_availability" {
  description = "Whether the control plane has replicas. It cannot be undone."
  type        = bool
}

variable "pools" {
  description = "Node pools by name: the Linode type, and between how many nodes the autoscaler may choose."
  type        = map(object({ type = string, min = number, max = number }))
}

variable "backup_days" {
  description = "For how many days backups are kept."
  type        = number
}

variable "public" {
  description = "What is on the internet: the API's name within the domain, and the file that is given the NodeBalancer's id. Null: nothing."
  type        = object({ host = string, id_file = string })
}

variable "region" {
  description = "Where the cluster is; its plans, the Object Storage and NodeBalancers have to be offered there."
  type        = string
  default     = "nl-ams"
  nullable    = false
}

variable "backup_region" {
  description = "Where backups are: another region than the cluster's."
  type        = string
  default     = "se-sto"
  nullable    = false

  validation {
    condition     = var.backup_region != var.region
    error_message = "Backups beside what they are backups of are lost with it: choose another region."
  }
}

variable "backup_bucket" {
  description = "The name of the bucket of backups, which has to be unique in its region. Null: sspp-NAME-backups."
  type        = string
  default     = null
}

variable "k8s_version" {
  description = "The Kubernetes version, major and minor."
  type        = string
  default     = "1.34"
  nullable    = false
}

variable "control_plane_allowed_ipv4" {
  description = "Addresses and ranges that may speak to the Kubernetes API: yours, and those of your CI. Empty: everyone may try."
  type        = set(string)
  default     = []
  nullable    = false
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
  nullable    = false
}

variable "certificate_authority" {
  description = "The one authority that may issue certificates for the name: its CAA domain, such as letsencrypt.org."
  type        = string
  default     = "letsencrypt.org"
  nullable    = false
}
