# Production; ../../../sizing/README.md says what these nodes carry.
locals {
  environment       = "prod"
  high_availability = true
  public            = true
  host              = "sspp"
  backup_days       = 35

  pools = {
    general = { type = "g6-dedicated-4", min = 3, max = 10 }
  }
}

# Whoever can reach the Kubernetes API of production is named.
check "control_plane_is_not_open" {
  assert {
    condition     = length(var.control_plane_allowed_ipv4) > 0
    error_message = "control_plane_allowed_ipv4 is empty, so everyone may try the Kubernetes API: set it in terraform.tfvars."
  }
}
