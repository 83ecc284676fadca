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

run "the_overlay_gets_the_id" {
  assert {
    condition     = output.nodebalancer_id == "4711" && file("${path.root}/../../../k8s/overlays/staging/nodebalancer.env") == "id=4711\nfirewall=7\n"
    error_message = "The overlay's nodebalancer.env does not have the ids of the NodeBalancer and its firewall."
  }

  assert {
    condition     = output.address == "sspp-staging.example.com"
    error_message = "The address is not the DNS name."
  }
}
