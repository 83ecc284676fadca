# From the world, HTTPS only.
resource "linode_firewall" "this" {
  # checkov:skip=CKV_LIN_6:A NodeBalancer opens no connections but to its nodes, on their private network
  label           = var.label
  tags            = var.tags
  inbound_policy  = "DROP"
  outbound_policy = "ACCEPT"

  inbound {
    label    = "https"
    action   = "ACCEPT"
    protocol = "TCP"
    ports    = "443"
    ipv4     = ["0.0.0.0/0"]
    ipv6     = ["::/0"]
  }

  lifecycle {
    ignore_changes = [linodes, nodebalancers, interfaces]
  }
}

# Reserved before any application is there, so that DNS can name its addresses. Its ports are the business of the cluster,
# which finds it by its id.
resource "linode_nodebalancer" "this" {
  label  = var.label
  region = var.region
  tags   = var.tags

  lifecycle {
    # The cluster's controller sets these from the Service's annotations.
    ignore_changes = [client_conn_throttle, client_udp_sess_throttle, tags]
    # A new one has new addresses, and clients keep the old ones.
    prevent_destroy = true
  }
}

# Not by the NodeBalancer's own firewall_id: a change of that makes a new NodeBalancer.
resource "linode_firewall_device" "this" {
  firewall_id = tonumber(linode_firewall.this.id)
  entity_id   = tonumber(linode_nodebalancer.this.id)
  entity_type = "nodebalancer"
}
