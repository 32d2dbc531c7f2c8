"""An answer as a golden: what `harness golden record` writes, and what the report keeps of a case that has one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from deploy.async_client import Completed
from deploy.bundle import Bundle
from harness.cases import Case
from harness.goldens import MOST_BYTES, Golden, Model, NotOfKindError, Recorded, Sent, content_of, kind_of
from harness.observations import circumstances
from harness.serving.runtimes.choose import Choice


@dataclass(frozen=True)
class Source:
    """What answers in this run."""

    model: Model
    runtime: str

    @staticmethod
    def of(built: Bundle, choice: Choice) -> Source:
        return Source(Model(built.manifest.weights_sha256, built.manifest.handler_sha256), choice.kind)

    def golden(self, case: Case, outcome: Completed) -> Golden:
        """Raises NotOfKindError when the answer cannot be kept: it is not of its type, or has no end."""
        if len(outcome.body) > MOST_BYTES:
            raise NotOfKindError(f"it has {len(outcome.body)} bytes, and a golden at most {MOST_BYTES}")
        kind = kind_of(outcome.body, outcome.content_type)
        recorded = Recorded(
            datetime.now(UTC).replace(microsecond=0),
            f"{circumstances.TOOL} {circumstances.tool_version()}",
            self.runtime,
        )
        content = content_of(kind, outcome.body, outcome.content_type)
        return Golden(case.name, kind, outcome.content_type, Sent.of(case), self.model, recorded, content)
