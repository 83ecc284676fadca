mock_provider "linode" {
  mock_resource "linode_firewall" {
    defaults = { id = "7" }
  }
  mock_resource "linode_nodebalancer" {
    defaults = { id = "4711", ipv4 = "203.0.113.9", ipv6 = "2001:db8::9" }
  }
}

variables {
  label  = "sspp-test"
  region = "nl-ams"
}

run "only_https_comes_in" {
  assert {
    condition     = linode_firewall.this.inbound_policy == "DROP" && [for rule in linode_firewall.this.inbound : "${rule.protocol} ${rule.ports}"] == ["TCP 443"]
    error_message = "Something else than HTTPS comes in."
  }

  assert {
    condition     = linode_firewall_device.this.firewall_id == 7 && linode_firewall_device.this.entity_id == 4711 && linode_firewall_device.this.entity_type == "nodebalancer"
    error_message = "The NodeBalancer is not behind its firewall."
  }

  assert {
    condition     = linode_nodebalancer.this.firewall_id == null
    error_message = "Another firewall would make another NodeBalancer, with other addresses."
  }

  assert {
    condition     = output.id == "4711" && output.firewall_id == "7" && output.ipv4 == "203.0.113.9" && output.ipv6 == "2001:db8::9"
    error_message = "The outputs are not the NodeBalancer's."
  }
}

run "a_label_that_linode_refuses" {
  command = plan

  variables {
    label = "x"
  }

  expect_failures = [var.label]
}
