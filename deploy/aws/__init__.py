"""AWS, asked: the one place that makes boto3 clients, and what exists already (`describe`), S3 objects and logs."""

from deploy.aws.clients import LOCAL_ACCOUNT, LOCAL_ROLE, Clients, Target, aws_errors

__all__ = [
    "LOCAL_ACCOUNT",
    "LOCAL_ROLE",
    "Clients",
    "Target",
    "aws_errors",
]
