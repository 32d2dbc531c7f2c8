"""The local cloud: S3, SNS, SQS, STS, IAM and CloudWatch at one address.

local_cloud   the seam, and the choice between the kinds       clients      boto3 clients that never reach AWS
localstack    LocalStack as a process (`localstack_main`),     compose      LocalStack as a container
              in its own environment (`install`)
"""
