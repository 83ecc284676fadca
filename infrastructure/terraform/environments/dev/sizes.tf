# Development: one small pool, nothing on the internet.
locals {
  environment       = "dev"
  high_availability = false
  public            = false
  host              = "sspp-dev"
  backup_days       = 7

  pools = {
    general = { type = "g6-standard-2", min = 1, max = 3 }
  }
}
