# Development: one small pool, nothing on the internet.
module "environment" {
  source = "../../modules/environment"

  name              = "dev"
  high_availability = false
  backup_days       = 7
  public            = null

  pools = {
    general = { type = "g6-standard-2", min = 1, max = 3 }
  }

  region                     = var.region
  backup_region              = var.backup_region
  backup_bucket              = var.backup_bucket
  k8s_version                = var.k8s_version
  control_plane_allowed_ipv4 = var.control_plane_allowed_ipv4
  domain                     = var.domain
  create_domain              = var.create_domain
  certificate_authority      = var.certificate_authority
}
