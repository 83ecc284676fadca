mock_provider "linode" {}

override_module {
  target  = module.offered
  outputs = { ids = ["1.33", "1.34"] }
}

variables {
  label       = "sspp-test"
  region      = "nl-ams"
  k8s_version = "1.34"
  firewall_id = 7
  pools = {
    general = { type = "g6-standard-2", min = 2, max = 4 }
  }
}

run "every_pool_is_autoscaled_behind_the_firewall" {
  command = plan

  variables {
    pools = {
      data    = { type = "g6-dedicated-4", min = 1, max = 1, taints = [{ key = "data", value = "only", effect = "NoSchedule" }] }
      general = { type = "g6-standard-2", min = 2, max = 4 }
    }
  }

  assert {
    condition     = alltrue([for pool in linode_lke_cluster.this.pool : pool.firewall_id == 7])
    error_message = "A pool is not behind the firewall."
  }

  assert {
    condition     = [for pool in linode_lke_cluster.this.pool : "${pool.autoscaler[0].min}-${pool.autoscaler[0].max}"] == ["1-1", "2-4"]
    error_message = "The autoscaler's bounds are not those of the pools."
  }

  assert {
    condition     = [for taint in linode_lke_cluster.this.pool[0].taint : taint.effect] == ["NoSchedule"]
    error_message = "The taint was not set."
  }
}

run "the_control_plane_admits_only_the_list" {
  command = plan

  variables {
    high_availability          = true
    control_plane_allowed_ipv4 = ["203.0.113.7", "198.51.100.0/24"]
  }

  assert {
    condition     = linode_lke_cluster.this.control_plane[0].high_availability
    error_message = "The control plane is not highly available."
  }

  assert {
    condition     = linode_lke_cluster.this.control_plane[0].acl[0].enabled && length(linode_lke_cluster.this.control_plane[0].acl[0].addresses[0].ipv4) == 2
    error_message = "The list is not in force."
  }
}

run "a_version_that_is_not_offered" {
  command = plan

  variables {
    k8s_version = "1.29"
  }

  expect_failures = [linode_lke_cluster.this]
}

run "values_that_cannot_be" {
  command = plan

  variables {
    label                      = "-sspp-"
    region                     = "Amsterdam"
    control_plane_allowed_ipv4 = ["everyone"]
    pools                      = { general = { type = "g6-standard-2", min = 3, max = 2 } }
  }

  expect_failures = [var.label, var.region, var.control_plane_allowed_ipv4, var.pools]
}

run "everyone_is_not_a_list" {
  command = plan

  variables {
    control_plane_allowed_ipv4 = ["0.0.0.0/0"]
  }

  expect_failures = [var.control_plane_allowed_ipv4]
}
