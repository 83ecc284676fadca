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
  target  = module.environment.module.lke_cluster.module.offered
  outputs = { ids = ["1.34"] }
}

# The module has tests of its own.
override_module {
  target  = module.environment.module.backups
  outputs = { access_key = "ID", secret_key = "SECRET", endpoint = "https://storage.example.com", bucket = "backups" }
}

variables {
  control_plane_allowed_ipv4 = ["203.0.113.7"]
  domain                     = "example.com"
}

run "nothing_is_on_the_internet" {
  assert {
    condition     = output.nodebalancer_id == null && output.address == null
    error_message = "Development is on the internet."
  }
}
