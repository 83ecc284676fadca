# Staging: what production has, smaller.
locals {
  environment       = "staging"
  high_availability = false
  public            = true
  host              = "sspp-staging"
  backup_days       = 14

  pools = {
    general = { type = "g6-standard-4", min = 2, max = 4 }
  }
}
