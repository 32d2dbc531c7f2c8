"""The local cloud (S3, SNS, SQS, STS, IAM, CloudWatch): LocalStack started by us, or any address; and its clients."""
