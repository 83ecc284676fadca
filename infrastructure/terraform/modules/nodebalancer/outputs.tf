output "id" {
  description = "The NodeBalancer's id, for the annotation of the Service."
  value       = linode_nodebalancer.this.id
}

output "firewall_id" {
  description = "The id of its firewall, for the annotation of the Service."
  value       = linode_firewall.this.id
}

output "ipv4" {
  description = "Its public IPv4 address."
  value       = linode_nodebalancer.this.ipv4
}

output "ipv6" {
  description = "Its public IPv6 address."
  value       = linode_nodebalancer.this.ipv6
}
