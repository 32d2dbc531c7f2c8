output "bucket" {
  description = "For [storage] bucket."
  value       = aws_s3_bucket.this.id
}

output "role_arn" {
  description = "For [endpoint] role_arn; known only when its permissions are attached."
  value       = aws_iam_role.execution.arn
  depends_on  = [aws_iam_role_policy.execution]
}

output "success_topic_arn" {
  description = "The topic of completed requests."
  value       = aws_sns_topic.success.arn
}

output "error_topic_arn" {
  description = "The topic of failed requests."
  value       = aws_sns_topic.error.arn
}

output "rehearsal_toml" {
  description = "What to add to rehearsal.toml: terraform output -raw rehearsal_toml."
  value       = <<-EOT
    [env.prod.endpoint]
    region = "${local.region}"
    role_arn = "${aws_iam_role.execution.arn}"

    [env.prod.storage]
    bucket = "${aws_s3_bucket.this.id}"
    create_bucket = false
    models = "${var.prefixes.models}"
    input = "${var.prefixes.input}"
    output = "${var.prefixes.output}"
    failure = "${var.prefixes.failure}"
    releases = "${var.prefixes.releases}"

    [env.prod.notifications]
    success_topic = "${aws_sns_topic.success.name}"
    error_topic = "${aws_sns_topic.error.name}"
  EOT
  depends_on  = [aws_iam_role_policy.execution]
}
