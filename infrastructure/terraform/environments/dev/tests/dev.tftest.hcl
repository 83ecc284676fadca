mock_provider "linode" {
  mock_resource "linode_firewall" {
    defaults = { id = "7" }
  }
  mock_resource "linode_nodebalancer" {
    defaults = { id = "4711", ipv4 = "203.0.113.9", ipv6 = "2001:db8::9" }
  }
  mock_resource "linode_domain" {
    defaults = { id = "22" }
  }
}

override_module {
  target  = module.lke_cluster.module.offered
  outputs = { ids = ["1.34"] }
}

# The module has tests of its own.
override_module {
  target  = module.backups
  outputs = { access_key = "ID", secret_key = "SECRET", endpoint = "https://storage.example.com", bucket = "backups" }
}

variables {
  control_plane_allowed_ipv4 = ["203.0.113.7"]
  domain                     = "example.com"
}

run "the_whole_environment" {
  assert {
    condition     = module.lke_cluster.id != null && local.high_availability == false && join("-", [local.pools.general.min, local.pools.general.max]) == "1-3"
    error_message = "The cluster has another size than this environment's."
  }

  assert {
    condition     = output.nodebalancer_id == null && output.address == null
    error_message = "Development is on the internet."
  }
}

run "backups_beside_the_cluster_are_refused" {
  command = plan

  variables {
    backup_region = "nl-ams"
  }

  expect_failures = [var.backup_region]
}

