"""Defines the request of a promotion: everything that was decided before it starts."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.async_client import Destination
from deploy.gates.gate import GateInput, GateVerdict
from deploy.pricing import Price
from deploy.promote.smoke import Probe
from deploy.resources.desired_state import Desired
from deploy.resources.monitoring import Monitoring
from deploy.signatures.keys import Signer


@dataclass(frozen=True)
class PromotionRequest:
    gate_input: GateInput
    verdicts: tuple[GateVerdict, ...]
    desired: Desired
    monitoring: Monitoring
    probe: Probe
    price: Price | None
    owner: str
    """See Lock.owner."""
    actor: str
    """ARN of the identity that deploys."""
    signer: Signer | None = None
    """Signs the statements of the record; without one they are written unsigned."""


def destination(desired: Desired) -> Destination:
    """The promoted endpoint, and the place of its inputs."""
    return Destination(
        desired.endpoint.name,
        f"s3://{desired.bucket.name}/{desired.input_prefix}",
        desired.invocation_timeout_seconds,
        desired.request_ttl_seconds,
    )
