"""A golden: an answer that was right once, with the request that it answers and what answered.

Owns the nouns. May not read or compare one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from harness.cases import Case

Kind = Literal["detections", "json", "npy", "image", "text", "bytes"]

# A larger answer belongs into no repository, and a smaller case shows the same.
MOST_BYTES = 32 << 20


@dataclass(frozen=True)
class Sent:
    """The request: another one has another answer."""

    file: str
    sha256: str
    content_type: str
    accept: str
    custom_attributes: str = ""

    @staticmethod
    def of(case: Case) -> Sent:
        clip = case.clip
        return Sent(clip.path.name, clip.sha256, clip.content_type, case.asked_accept, case.custom_attributes)

    def unlike(self, other: Sent) -> str | None:
        """In words how this request is another than `other`, which a golden was recorded with; None where it is not.

        A file may have another name as long as it is the same.
        """
        if self.sha256 != other.sha256:
            return f"another file: {other.file} of sha256 {other.sha256[:12]}, and {self.file} is {self.sha256[:12]}"
        for name in ("content_type", "accept", "custom_attributes"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                return f"another request: {name} was {theirs!r}, and is {mine!r}"
        return None


@dataclass(frozen=True)
class Model:
    """What answered, by the digests of the bundle's manifest."""

    weights_sha256: str
    handler_sha256: str


@dataclass(frozen=True)
class Recorded:
    at: datetime
    by: str
    """The tool and its version."""
    runtime: str
    """`process` or `docker`."""


@dataclass(frozen=True)
class Golden:
    """`content` is a JSON value for detections and json, a text for text, and the body itself for every other kind."""

    case: str
    kind: Kind
    content_type: str
    sent: Sent
    model: Model
    recorded: Recorded
    content: Any
