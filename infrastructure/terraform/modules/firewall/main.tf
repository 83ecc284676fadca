locals {
  nodes         = "192.168.128.0/17" # the private network of a region's nodes and of LKE's control planes
  nodebalancers = "192.168.255.0/24" # the private network of a region's NodeBalancers

  # What LKE needs to work. Without any one of these the cluster falls apart, quietly.
  inbound = [
    { label = "kubelet", protocol = "TCP", ports = "10250, 10256", from = local.nodes },
    { label = "calico-bgp", protocol = "TCP", ports = "179", from = local.nodes },
    # Pods on two nodes reach each other in IP-in-IP, which has no port and which a rule for TCP and UDP does not allow.
    { label = "calico-ipip", protocol = "IPENCAP", ports = null, from = local.nodes },
    { label = "wireguard", protocol = "UDP", ports = "51820", from = local.nodes },
    { label = "dns-udp", protocol = "UDP", ports = "53", from = local.nodes },
    { label = "dns-tcp", protocol = "TCP", ports = "53", from = local.nodes },
    { label = "nodeports-tcp", protocol = "TCP", ports = "30000-32767", from = local.nodebalancers },
    { label = "nodeports-udp", protocol = "UDP", ports = "30000-32767", from = local.nodebalancers },
  ]
}

resource "linode_firewall" "this" {
  # checkov:skip=CKV_LIN_6:Nodes pull images, speak to the control plane and take backups out; NetworkPolicies say what pods may
  label           = var.label
  tags            = var.tags
  inbound_policy  = "DROP"
  outbound_policy = "ACCEPT"

  dynamic "inbound" {
    for_each = local.inbound

    content {
      label    = inbound.value.label
      action   = "ACCEPT"
      protocol = inbound.value.protocol
      ports    = inbound.value.ports
      ipv4     = [inbound.value.from]
    }
  }

  # LKE attaches nodes through their pool; a list here would take them off again.
  lifecycle {
    ignore_changes = [linodes, nodebalancers, interfaces]
  }
}
