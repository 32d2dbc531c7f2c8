"""Notes every change to AWS as it happens, so that it can be finished or undone after any interruption.

Owns the ledger's file (`.jsonl`), schema `rehearsal.ledger/1`. An *intent* is written before each call that creates
something and an *outcome* after it; the resource of an intent without an outcome may or may not exist. A resource that
somebody else created between our observation and our call is *disowned*. May not: call AWS.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from deploy.core.errors import ConfigurationError
from deploy.core.files import private_folder

SCHEMA = "rehearsal.ledger/1"

Kind = Literal[
    "bucket",
    "object",
    "topic",
    "model",
    "endpoint-config",
    "endpoint",
    "scalable-target",
    "scaling-policy",
    "alarm",
    "dashboard",
]
Action = Literal["intent", "created", "adopted", "updated", "deleted", "disowned"]


@dataclass(frozen=True)
class Entry:
    at: str
    """The time in UTC, ISO 8601."""
    action: Action
    kind: Kind
    name: str
    """The name to delete it by: of a bucket or SageMaker resource, a topic's ARN, an object's s3:// URL."""
    account: str
    region: str
    detail: str = ""


class Ledger:
    """An append-only file; every line is on the disk before the next call to AWS."""

    def __init__(self, path: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path = path
        self._now = now

    def write(self, action: Action, kind: Kind, name: str, *, account: str, region: str, detail: str = "") -> None:
        at = self._now().isoformat(timespec="milliseconds")
        line = json.dumps({"schema": SCHEMA, **asdict(Entry(at, action, kind, name, account, region, detail))})
        private_folder(self.path.parent)
        self._end_torn_line()
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())

    def entries(self) -> tuple[Entry, ...]:
        """Every whole line; an incomplete last line after a crash is left out, since no call followed it."""
        if not self.path.exists():
            return ()
        return tuple(self._parse(self.path.read_text(encoding="utf-8")))

    def owned(self) -> tuple[Entry, ...]:
        """What was created, or may have been, according to this ledger, and not deleted since; oldest first."""
        owned: dict[tuple[str, str], Entry] = {}
        for entry in self.entries():
            key = (entry.kind, entry.name)
            if entry.action in ("intent", "created"):
                owned.setdefault(key, entry)
            elif entry.action in ("deleted", "disowned"):
                owned.pop(key, None)
        return tuple(owned.values())

    def _parse(self, text: str) -> Iterator[Entry]:
        whole_lines = text.split("\n")[:-1]
        for number, line in enumerate(whole_lines, start=1):
            try:
                document = json.loads(line)
                if document.pop("schema") != SCHEMA:
                    raise ValueError(f"not of schema {SCHEMA}")
                yield Entry(**document)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ConfigurationError(
                    f"{self.path}, line {number}: not a ledger entry ({error}). Repair or remove that line; "
                    "resources it named must be deleted by hand"
                ) from error

    def _end_torn_line(self) -> None:
        """End a line that a crash left without a newline, so that the next line is not appended to it."""
        if not self.path.exists():
            return
        text = self.path.read_bytes()
        if text and not text.endswith(b"\n"):
            self.path.write_bytes(text[: text.rfind(b"\n") + 1])
