mock_provider "linode" {
  mock_resource "linode_firewall" {
    defaults = { id = "7" }
  }
}

variables {
  label = "sspp-test"
}

run "what_lke_needs_comes_in_and_nothing_else" {
  command = plan

  assert {
    condition     = linode_firewall.this.inbound_policy == "DROP"
    error_message = "The rest is not dropped."
  }

  assert {
    condition = toset([for rule in linode_firewall.this.inbound : "${rule.protocol} ${coalesce(rule.ports, "all")} ${join(",", rule.ipv4)}"]) == toset([
      "TCP 10250, 10256 192.168.128.0/17",
      "TCP 179 192.168.128.0/17",
      "IPENCAP all 192.168.128.0/17",
      "UDP 51820 192.168.128.0/17",
      "UDP 53 192.168.128.0/17",
      "TCP 53 192.168.128.0/17",
      "TCP 30000-32767 192.168.255.0/24",
      "UDP 30000-32767 192.168.255.0/24",
    ])
    error_message = "The rules are not exactly those that LKE needs."
  }

  assert {
    condition     = alltrue([for rule in linode_firewall.this.inbound : rule.action == "ACCEPT"])
    error_message = "A rule does not accept."
  }
}

run "its_id_is_a_number" {
  assert {
    condition     = output.id == 7
    error_message = "The id is not a number."
  }
}

run "a_label_that_linode_refuses" {
  command = plan

  variables {
    label = "a firewall"
  }

  expect_failures = [var.label]
}
