# Staging: what production has, smaller.
module "environment" {
  source = "../../modules/environment"

  name              = "staging"
  high_availability = false
  backup_days       = 14

  public = {
    host    = "sspp-staging"
    id_file = "${path.root}/../../../k8s/overlays/staging/nodebalancer.env"
  }

  pools = {
    general = { type = "g6-standard-4", min = 2, max = 4 }
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
