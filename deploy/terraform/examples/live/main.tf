terraform {
  required_version = ">= 1.7"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.60, < 7.0"
    }
  }
}

provider "aws" {
  region  = var.region
  profile = var.profile
}

variable "name" {
  description = "The project's name in rehearsal.toml."
  type        = string
}

variable "region" {
  description = "Where the endpoint will run."
  type        = string
}

variable "profile" {
  description = "The AWS profile to use; null for the default credentials."
  type        = string
  default     = null
}

module "foundation" {
  source = "../.."
  name   = var.name
}

output "rehearsal_toml" {
  description = "What to add to rehearsal.toml."
  value       = module.foundation.rehearsal_toml
}
