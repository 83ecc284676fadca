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
    condition     = module.lke_cluster.id != null && local.high_availability == true && join("-", [local.pools.general.min, local.pools.general.max]) == "3-10"
    error_message = "The cluster has another size than this environment's."
  }

  assert {
    condition     = output.nodebalancer_id == "4711" && trimspace(file("${path.root}/../../../k8s/overlays/prod/nodebalancer.env")) == "id=4711"
    error_message = "The overlay's nodebalancer.env does not have the NodeBalancer's id."
  }

  assert {
    condition     = output.address == "${local.host}.example.com"
    error_message = "The address is not the DNS name."
  }
}

run "backups_beside_the_cluster_are_refused" {
  command = plan

  variables {
    backup_region = "nl-ams"
  }

  expect_failures = [var.backup_region]
}

run "an_open_control_plane_is_told" {
  command = plan

  variables {
    control_plane_allowed_ipv4 = []
  }

  expect_failures = [check.control_plane_is_not_open]
}

run "without_a_domain_the_address_is_the_nodebalancers" {
  variables {
    domain = null
  }

  assert {
    condition     = length(module.dns) == 0 && output.address == "203.0.113.9"
    error_message = "The address is not the NodeBalancer's."
  }
}
