variable "label" {
  description = "The cluster's name, such as sspp-prod: letters, digits and dashes, at most 32."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9]([a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?$", var.label))
    error_message = "The label should be 1 to 32 letters, digits and dashes, and begin and end with a letter or digit."
  }
}

variable "region" {
  description = "Where the cluster is, such as nl-ams."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}-[a-z0-9-]+$", var.region))
    error_message = "The region should be an id such as nl-ams or us-ord."
  }
}

variable "k8s_version" {
  description = "The Kubernetes version, major and minor, such as 1.34. It has to be one that LKE offers; the plan says which."
  type        = string

  validation {
    condition     = can(regex("^1\\.[0-9]{2}$", var.k8s_version))
    error_message = "The version should be major and minor only, such as 1.34."
  }
}

variable "high_availability" {
  description = "Whether the control plane has replicas. It cannot be undone."
  type        = bool
  default     = false
}

variable "control_plane_allowed_ipv4" {
  description = "Addresses and ranges that may speak to the Kubernetes API. Empty: no list, everyone may try."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for address in var.control_plane_allowed_ipv4 : can(cidrhost(strcontains(address, "/") ? address : "${address}/32", 0))])
    error_message = "Each should be an IPv4 address or range, such as 203.0.113.7 or 203.0.113.0/24."
  }

  validation {
    condition     = !contains(var.control_plane_allowed_ipv4, "0.0.0.0/0")
    error_message = "0.0.0.0/0 is everyone: leave the list empty if that is meant."
  }
}

variable "pools" {
  description = "Node pools by name: the Linode type, and between how many nodes the autoscaler may choose."
  type = map(object({
    type   = string
    min    = number
    max    = number
    labels = optional(map(string), {})
    taints = optional(list(object({ key = string, value = string, effect = string })), [])
  }))

  validation {
    condition     = length(var.pools) > 0
    error_message = "A cluster needs a pool."
  }

  validation {
    condition     = alltrue([for pool in values(var.pools) : pool.min >= 1 && pool.max >= pool.min && pool.max <= 100])
    error_message = "Each pool should have 1 <= min <= max <= 100 nodes."
  }

  validation {
    condition     = alltrue([for pool in values(var.pools) : can(regex("^g[678]-(standard|dedicated|highmem)-[0-9]+$", pool.type))])
    error_message = "Each type should be a shared, dedicated or high memory plan, such as g6-dedicated-4."
  }

  validation {
    condition     = alltrue(flatten([for pool in values(var.pools) : [for taint in pool.taints : contains(["NoSchedule", "PreferNoSchedule", "NoExecute"], taint.effect)]]))
    error_message = "A taint's effect should be NoSchedule, PreferNoSchedule or NoExecute."
  }
}

variable "firewall_id" {
  description = "The firewall of every node, those too that the autoscaler adds."
  type        = number
}

variable "tags" {
  description = "Tags of the cluster and its pools."
  type        = set(string)
  default     = []
}
