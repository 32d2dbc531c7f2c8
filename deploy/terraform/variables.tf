variable "name" {
  description = "The project's name in rehearsal.toml, the prefix of every resource."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,49}$", var.name))
    error_message = "The name must be 1 to 50 letters, digits and inner hyphens, as [project] name in rehearsal.toml."
  }
}

variable "endpoint_name" {
  description = "The endpoint's name, when [endpoint] name differs from the project's."
  type        = string
  default     = null

  validation {
    condition     = var.endpoint_name == null || can(regex("^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$", coalesce(var.endpoint_name, "x")))
    error_message = "An endpoint's name must be 1 to 63 letters, digits and inner hyphens."
  }
}

variable "bucket_name" {
  description = "The bucket's name; by default rehearsal-<name>-<account>-<region>, shortened as deploy shortens it."
  type        = string
  default     = null

  validation {
    condition     = var.bucket_name == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", coalesce(var.bucket_name, "x")))
    error_message = "A bucket's name must be 3 to 63 small letters, digits, dots and hyphens, as [storage] bucket in rehearsal.toml."
  }
}

variable "prefixes" {
  description = "The layout of the bucket, as [storage] in rehearsal.toml."
  type = object({
    models   = optional(string, "models")
    input    = optional(string, "async/input")
    output   = optional(string, "async/output")
    failure  = optional(string, "async/failure")
    releases = optional(string, "releases")
  })
  default = {}
}

variable "expire_requests_after_days" {
  description = "How long inputs, results and failures are kept."
  type        = number
  default     = 30

  validation {
    condition     = var.expire_requests_after_days >= 1
    error_message = "Requests must be kept for a day at least: an asynchronous result may take hours."
  }
}

variable "enforce_tls" {
  description = "Refuse requests to the bucket that are not encrypted in transit."
  type        = bool
  default     = true
}

variable "force_destroy" {
  description = "Let terraform destroy delete a bucket that still holds models, results and release records."
  type        = bool
  default     = false
}

variable "tags" {
  description = "Tags for everything."
  type        = map(string)
  default     = {}
}
