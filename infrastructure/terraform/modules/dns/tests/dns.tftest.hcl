mock_provider "linode" {
  mock_resource "linode_domain" {
    defaults = { id = "11" }
  }
}

variables {
  domain = "example.com"
  host   = "sspp"
  ipv4   = "203.0.113.9"
  ipv6   = "2001:db8::9"
}

run "a_zone_that_is_there_gets_three_records" {
  assert {
    condition     = length(linode_domain.this) == 0 && data.linode_domain.this[0].domain == "example.com"
    error_message = "A zone was made beside the one that is there."
  }

  assert {
    condition     = linode_domain_record.ipv4.target == "203.0.113.9" && linode_domain_record.ipv6.target == "2001:db8::9" && linode_domain_record.certificates.record_type == "CAA"
    error_message = "The records do not lead to the NodeBalancer."
  }

  assert {
    condition     = output.name == "sspp.example.com"
    error_message = "The name is not host and domain."
  }
}

run "a_zone_can_be_made" {
  variables {
    create_domain = true
    host          = ""
  }

  assert {
    condition     = linode_domain.this[0].soa_email == "hostmaster@example.com" && linode_domain_record.ipv6.domain_id == 11
    error_message = "The zone that was made was not used."
  }

  assert {
    condition     = output.name == "example.com"
    error_message = "The name is not the domain's."
  }
}

run "values_that_cannot_be" {
  command = plan

  variables {
    domain  = "example"
    host    = "-sspp"
    ttl_sec = 42
  }

  expect_failures = [var.domain, var.host, var.ttl_sec]
}
