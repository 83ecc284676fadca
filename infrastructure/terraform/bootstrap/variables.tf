variable "bucket" {
  description = "The name of the bucket, unique in its region."
  type        = string
  default     = "sspp-terraform-state"
}

variable "region" {
  description = "Where the bucket is."
  type        = string
  default     = "nl-ams"
}
