module "offered" {
  source = "./versions"
}

resource "linode_lke_cluster" "this" {
  label       = var.label
  region      = var.region
  k8s_version = var.k8s_version
  tags        = var.tags

  control_plane {
    high_availability = var.high_availability

    dynamic "acl" {
      for_each = length(var.control_plane_allowed_ipv4) > 0 ? [var.control_plane_allowed_ipv4] : []

      content {
        enabled = true

        addresses {
          ipv4 = acl.value
        }
      }
    }
  }

  dynamic "pool" {
    for_each = var.pools

    content {
      label       = pool.key
      type        = pool.value.type
      firewall_id = var.firewall_id
      labels      = pool.value.labels
      tags        = var.tags

      # The autoscaler says how many, so no count is given that an apply would fight for.
      autoscaler {
        min = pool.value.min
        max = pool.value.max
      }

      dynamic "taint" {
        for_each = pool.value.taints

        content {
          key    = taint.value.key
          value  = taint.value.value
          effect = taint.value.effect
        }
      }
    }
  }

  lifecycle {
    precondition {
      condition     = contains(module.offered.ids, var.k8s_version)
      error_message = "LKE does not offer Kubernetes ${var.k8s_version}, only ${join(", ", module.offered.ids)}."
    }
  }
}
