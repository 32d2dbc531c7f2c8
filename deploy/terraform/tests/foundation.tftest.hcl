mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_region" {
    defaults = { name = "eu-west-1" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
}

variables {
  name = "demo"
}

run "names_are_those_that_deploy_expects" {
  command = plan

  assert {
    condition     = aws_s3_bucket.this.bucket == "rehearsal-demo-123456789012-eu-west-1"
    error_message = "deploy looks for rehearsal-<name>-<account>-<region>"
  }
  assert {
    condition     = aws_sns_topic.success.name == "demo-success" && aws_sns_topic.error.name == "demo-error"
    error_message = "deploy looks for <name>-success and <name>-error"
  }
  assert {
    condition     = aws_iam_role.execution.name == "demo-exec"
    error_message = "deploy policy names <name>-exec"
  }
}

run "a_long_project_name_gives_the_bucket_that_deploy_looks_for" {
  command = plan

  variables {
    name = "an-object-detector-with-a-rather-long-name-of-50-c"
  }

  assert {
    condition     = aws_s3_bucket.this.bucket == "rehearsal-an-object-detector-with-a-rather-long-na-d5a71d364bda"
    error_message = "deploy shortens names of more than 63 characters with a hash"
  }
}

run "a_bucket_name_that_s3_would_refuse_is_refused_here" {
  command = plan

  variables {
    bucket_name = "rehearsal-an-object-detector-with-a-rather-long-name-of-many-words"
  }

  expect_failures = [var.bucket_name]
}

run "the_bucket_is_closed_encrypted_and_versioned" {
  command = plan

  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.this.block_public_acls,
      aws_s3_bucket_public_access_block.this.block_public_policy,
      aws_s3_bucket_public_access_block.this.ignore_public_acls,
      aws_s3_bucket_public_access_block.this.restrict_public_buckets,
    ])
    error_message = "the bucket must not be public"
  }
  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "versions bring back what was overwritten"
  }
  assert {
    condition     = length(aws_s3_bucket_policy.tls_only) == 1
    error_message = "unencrypted requests are refused by default"
  }
}

run "models_and_releases_never_expire" {
  command = plan

  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_lifecycle_configuration.this.rule : !contains(["expire models", "expire releases"], rule.id)
    ])
    error_message = "a live configuration may refer to them"
  }
}

run "a_name_that_sagemaker_would_refuse_is_refused_here" {
  command = plan

  variables {
    name = "has_underscore"
  }

  expect_failures = [var.name]
}

run "requests_are_kept_for_a_day_at_least" {
  command = plan

  variables {
    expire_requests_after_days = 0
  }

  expect_failures = [var.expire_requests_after_days]
}

run "it_applies_and_says_what_to_write_into_rehearsal_toml" {
  command = apply

  assert {
    condition     = strcontains(output.rehearsal_toml, "create_bucket = false")
    error_message = "deploy must not own the bucket that Terraform made"
  }
}
