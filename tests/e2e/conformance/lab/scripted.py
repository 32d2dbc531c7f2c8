"""The scripted container as a local HTTP server, and a clock that checks can advance.

The container follows `CustomAttributes`, `key=value;key=value`: `status`, `sleep`, `type`, `drop`, `chunked`, `empty`,
`report` (answers the request as JSON), `hold` (waits until the test opens that gate). The folder `obedient` holds the
same behaviour as a model, for containers outside this process.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from tests.harness.emulator.containers import Said, Seen

_ATTRIBUTES = "x-amzn-sagemaker-custom-attributes"
_INFERENCE_ID = "x-amzn-sagemaker-inference-id"


@dataclass
class ShiftedClock:
    """The wall clock plus an offset, which tests increase instead of waiting for minutes."""

    offset_seconds: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.offset_seconds


class Obedient:
    """The container's behaviour, and how many requests of a tag it handled at once."""

    def __init__(self) -> None:
        self.gates: dict[str, threading.Event] = defaultdict(threading.Event)
        self.inside: dict[str, int] = defaultdict(int)
        self.most_inside: dict[str, int] = defaultdict(int)
        self.received: dict[str, int] = defaultdict(int)
        self._lock = threading.Lock()

    def answer(self, seen: Seen) -> Said:
        orders = dict(pair.partition("=")[::2] for pair in seen.headers.get(_ATTRIBUTES, "").split(";"))
        tag = orders.get("tag", "")
        with self._lock:
            self.received[seen.headers.get(_INFERENCE_ID, "")] += 1
            self.inside[tag] += 1
            self.most_inside[tag] = max(self.most_inside[tag], self.inside[tag])
        try:
            return self._obey(seen, orders)
        finally:
            with self._lock:
                self.inside[tag] -= 1

    def _obey(self, seen: Seen, orders: Mapping[str, str]) -> Said:
        if "hold" in orders:
            self.gates[orders["hold"]].wait(60)
        threading.Event().wait(float(orders.get("sleep", "0")))
        kind = orders.get("type") or seen.headers.get("content-type", "application/octet-stream")
        body = b"" if "empty" in orders else _report(seen) if "report" in orders else seen.body
        status = int(orders.get("status", "200"))
        return Said(status, body, {"Content-Type": kind}, "chunked" in orders, "drop" in orders)


def _report(seen: Seen) -> bytes:
    facts = {"headers": dict(seen.headers), "size": len(seen.body), "sha256": hashlib.sha256(seen.body).hexdigest()}
    return json.dumps(facts).encode()
