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
  name              = "staging"
  high_availability = false
  pools             = { general = { type = "g6-standard-4", min = 2, max = 4 } }
  backup_days       = 14
  public            = { host = "sspp-staging", id_file = ".terraform/nodebalancer.env" }
  domain            = "example.com"
}

run "the_id_is_written_and_the_name_is_the_address" {
  assert {
    condition     = output.nodebalancer_id == "4711" && file(".terraform/nodebalancer.env") == "id=4711\nfirewall=7\n"
    error_message = "The file does not have the ids of the NodeBalancer and its firewall."
  }

  assert {
    condition     = output.address == "sspp-staging.example.com"
    error_message = "The address is not the DNS name."
  }

  assert {
    condition     = strcontains(output.backup_environment, "export AWS_ENDPOINT_URL='https://storage.example.com'")
    error_message = "The output for the shell lacks the bucket of backups."
  }
}

run "another_authority_may_issue_the_certificate" {
  variables {
    certificate_authority = "sectigo.com"
  }

  assert {
    condition     = module.dns[0].certificate_authority == "sectigo.com"
    error_message = "The CAA record names another authority."
  }
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

run "what_is_not_public_is_not_on_the_internet" {
  variables {
    public = null
  }

  assert {
    condition     = length(module.nodebalancer) == 0 && length(module.dns) == 0 && output.nodebalancer_id == null && output.address == null
    error_message = "Something is on the internet."
  }
}

run "backups_beside_the_cluster_are_refused" {
  command = plan

  variables {
    backup_region = "nl-ams"
  }

  expect_failures = [var.backup_region]
}

run "another_environment_is_refused" {
  command = plan

  variables {
    name = "production"
  }

  expect_failures = [var.name]
}
