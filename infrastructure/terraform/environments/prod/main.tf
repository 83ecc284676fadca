# Production; ../../../sizing/README.md says what these nodes carry.
module "environment" {
  source = "../../modules/environment"

  name              = "prod"
  high_availability = true
  backup_days       = 35

  public = {
    host    = "sspp"
    id_file = "${path.root}/../../../k8s/overlays/prod/nodebalancer.env"
  }

  pools = {
    general = { type = "g6-dedicated-4", min = 3, max = 10 }
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

# Only the addresses named here reach the Kubernetes API of production.
check "control_plane_is_not_open" {
  assert {
    condition     = length(var.control_plane_allowed_ipv4) > 0
    error_message = "control_plane_allowed_ipv4 is empty, so everyone may try the Kubernetes API: set it in terraform.tfvars."
  }
}
