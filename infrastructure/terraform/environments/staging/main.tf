# One composition for every environment: this file is the same in each, sizes.tf is not.
provider "linode" {
  # LINODE_TOKEN says who; the keys that set up buckets live for a minute.
  obj_use_temp_keys = true
}

locals {
  label = "sspp-${local.environment}"
  tags  = ["sspp", local.environment]
}

module "firewall" {
  source = "../../modules/firewall"

  label = "${local.label}-nodes"
  tags  = local.tags
}

module "lke_cluster" {
  source = "../../modules/lke-cluster"

  label                      = local.label
  region                     = var.region
  k8s_version                = var.k8s_version
  high_availability          = local.high_availability
  control_plane_allowed_ipv4 = var.control_plane_allowed_ipv4
  pools                      = local.pools
  firewall_id                = module.firewall.id
  tags                       = local.tags
}

module "nodebalancer" {
  source = "../../modules/nodebalancer"
  count  = local.public ? 1 : 0

  label  = "${local.label}-api"
  region = var.region
  tags   = local.tags
}

module "dns" {
  source = "../../modules/dns"
  count  = local.public && var.domain != null ? 1 : 0

  domain        = var.domain
  create_domain = var.create_domain
  host          = local.host
  ipv4          = module.nodebalancer[0].ipv4
  ipv6          = module.nodebalancer[0].ipv6
  tags          = local.tags
}

module "backups" {
  source = "../../modules/object-storage"

  label       = "${local.label}-backups"
  region      = var.backup_region
  expire_days = local.backup_days
}

# The only file that an apply writes: kustomize reads the NodeBalancer's id from it.
resource "terraform_data" "nodebalancer_id" {
  count            = local.public ? 1 : 0
  triggers_replace = [module.nodebalancer[0].id]

  provisioner "local-exec" {
    command = "printf 'id=%s\\n' \"$ID\" >\"$FILE\""

    environment = {
      ID   = module.nodebalancer[0].id
      FILE = "${path.root}/../../../k8s/overlays/${local.environment}/nodebalancer.env"
    }
  }
}
