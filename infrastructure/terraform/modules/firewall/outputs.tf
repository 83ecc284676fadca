output "id" {
  description = "The firewall's id, a number, for the pools of a cluster."
  value       = tonumber(linode_firewall.this.id)
}
