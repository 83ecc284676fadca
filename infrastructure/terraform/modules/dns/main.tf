data "linode_domain" "this" {
  count  = var.create_domain ? 0 : 1
  domain = var.domain
}

resource "linode_domain" "this" {
  count     = var.create_domain ? 1 : 0
  domain    = var.domain
  type      = "master"
  soa_email = coalesce(var.soa_email, "hostmaster@${var.domain}")
  tags      = var.tags
}

locals {
  domain_id = tonumber(var.create_domain ? linode_domain.this[0].id : data.linode_domain.this[0].id)
}

resource "linode_domain_record" "ipv4" {
  domain_id   = local.domain_id
  name        = var.host
  record_type = "A"
  target      = var.ipv4
  ttl_sec     = var.ttl_sec
}

resource "linode_domain_record" "ipv6" {
  domain_id   = local.domain_id
  name        = var.host
  record_type = "AAAA"
  target      = var.ipv6
  ttl_sec     = var.ttl_sec
}

resource "linode_domain_record" "certificates" {
  domain_id   = local.domain_id
  name        = var.host
  record_type = "CAA"
  tag         = "issue"
  target      = var.certificate_authority
  ttl_sec     = var.ttl_sec
}
