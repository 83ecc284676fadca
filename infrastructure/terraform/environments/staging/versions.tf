terraform {
  required_version = ">= 1.10.0"

  required_providers {
    linode = {
      source  = "linode/linode"
      version = "~> 3.13"
    }
  }
}

provider "linode" {
  # LINODE_TOKEN says who; the keys that set up buckets live for a minute.
  obj_use_temp_keys = true
}
