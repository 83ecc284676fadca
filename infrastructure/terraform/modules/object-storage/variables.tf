variable "label" {
  description = "The bucket's name, unique in its region: 3 to 63 lower case letters, digits and dashes."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.label))
    error_message = "The label should be 3 to 63 lower case letters, digits and dashes."
  }
}

variable "region" {
  description = "Where the bucket is, such as nl-ams. Another region than the cluster's survives the loss of that."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}-[a-z0-9-]+$", var.region))
    error_message = "The region should be an id such as nl-ams; a cluster id such as nl-ams-1 is the deprecated form."
  }

  validation {
    condition     = !can(regex("-[0-9]+$", var.region))
    error_message = "nl-ams-1 is a cluster, the deprecated form: name the region, such as nl-ams."
  }
}

variable "expire_days" {
  description = "After how many days an object goes. Null: never."
  type        = number
  default     = null

  validation {
    condition     = var.expire_days == null ? true : var.expire_days >= 7
    error_message = "Backups younger than a week should not go."
  }
}

variable "noncurrent_days" {
  description = "For how many days an object that was overwritten or deleted can be had back."
  type        = number
  default     = 30

  validation {
    condition     = var.noncurrent_days >= 1
    error_message = "At least a day."
  }
}
