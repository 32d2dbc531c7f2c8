"""The addresses of a running local AWS, as text."""

from __future__ import annotations

from pathlib import Path

from harness.local_environment import exports, record
from harness.local_environment.record import LocalEnvironment


def addresses(found: LocalEnvironment, state_dir: Path) -> str:
    return "\n".join(
        (
            f"cloud      {found.cloud_url}   (S3, SNS, SQS, STS, IAM, CloudWatch)",
            f"sagemaker  {found.sagemaker_url}   (SageMaker, its runtime, Application Auto Scaling, CloudWatch Logs)",
            f"account    {found.account_id} in {found.region}, {found.runtime} runtime",
            f"profile    AWS_CONFIG_FILE={record.up_dir(state_dir) / 'aws-config'} AWS_PROFILE={exports.PROFILE}",
        )
    )
