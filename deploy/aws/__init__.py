"""Speaks to AWS: `clients` makes the only boto3 clients, `describe` reads resources, `s3` objects, `logs` log lines."""

from deploy.aws.clients import LOCAL_ACCOUNT, LOCAL_ROLE, Clients, Target, aws_errors

__all__ = [
    "LOCAL_ACCOUNT",
    "LOCAL_ROLE",
    "Clients",
    "Target",
    "aws_errors",
]
