# What every environment is made of; ../../environments say how large.
locals {
  label = "sspp-${var.name}"
  tags  = ["sspp", var.name]
}

module "firewall" {
  source = "../firewall"

  label = "${local.label}-nodes"
  tags  = local.tags
}

module "lke_cluster" {
  source = "../lke-cluster"

  label                      = local.label
  region                     = var.region
  k8s_version                = var.k8s_version
  high_availability          = var.high_availability
  control_plane_allowed_ipv4 = var.control_plane_allowed_ipv4
  pools                      = var.pools
  firewall_id                = module.firewall.id
  tags                       = local.tags
}

module "nodebalancer" {
  source = "../nodebalancer"
  count  = var.public == null ? 0 : 1

  label  = "${local.label}-api"
  region = var.region
  tags   = local.tags
}

module "dns" {
  source = "../dns"
  count  = var.public == null || var.domain == null ? 0 : 1

  domain        = var.domain
  create_domain = var.create_domain
  host          = var.public.host
  ipv4          = module.nodebalancer[0].ipv4
  ipv6          = module.nodebalancer[0].ipv6
  tags          = local.tags

  certificate_authority = var.certificate_authority
}

module "backups" {
  source = "../object-storage"

  label       = coalesce(var.backup_bucket, "${local.label}-backups")
  region      = var.backup_region
  expire_days = var.backup_days
}

# The only file that an apply writes: kustomize and install-tools.sh read from it which NodeBalancer is the API's.
resource "terraform_data" "nodebalancer_id" {
  count            = var.public == null ? 0 : 1
  triggers_replace = [module.nodebalancer[0].id, module.nodebalancer[0].firewall_id]

  provisioner "local-exec" {
    command = "printf 'id=%s\\nfirewall=%s\\n' \"$ID\" \"$FIREWALL\" >\"$FILE\""

    environment = {
      ID       = module.nodebalancer[0].id
      FIREWALL = module.nodebalancer[0].firewall_id
      FILE     = var.public.id_file
    }
  }
}
