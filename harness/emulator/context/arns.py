"""Account, region and ARNs: no other module writes an ARN. AWS lower-cases the name in SageMaker's ARNs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Account:
    """The account and region that every ARN and every message carries."""

    region: str = "eu-west-1"
    account_id: str = "000000000000"

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"

    def model(self, name: str) -> str:
        return self.arn("sagemaker", f"model/{name.lower()}")

    def endpoint_config(self, name: str) -> str:
        return self.arn("sagemaker", f"endpoint-config/{name.lower()}")

    def endpoint(self, name: str) -> str:
        return self.arn("sagemaker", f"endpoint/{name.lower()}")

    def log_stream(self, endpoint_name: str, stream: str) -> str:
        return self.arn("logs", f"log-group:/aws/sagemaker/Endpoints/{endpoint_name}:log-stream:{stream}")


def resource_of(arn: str) -> str:
    """Return `endpoint/name` of an ARN, or the whole text when it is not an ARN."""
    parts = arn.split(":", 5)
    return parts[5] if len(parts) == 6 else arn
