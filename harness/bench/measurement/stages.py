"""The stages of a request's time, or a frame's: the emulator's phases around the handler's own account. Pure.

    queue, download, http, (decode, resize, wait, forward, write), upload, rest

`http` is the container's time that the handler does not account for: HTTP, the toolkit, copies of the body. `rest` is
the time that neither accounts for: the client's own waiting. Together the stages are the request, from the 202 to the
result object; but where the handler prefetches (`wait` is then a stage), `decode` and `resize` run beside the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.observations.phases import Phases
from harness.observations.stage_log import Account

ORDER = ("queue", "download", "http", "container", "decode", "resize", "wait", "forward", "write", "upload", "rest")
WAIT = "wait"
# The stages that a handler with prefetch runs in another thread.
BESIDE = ("decode", "resize")


def mean(
    request_seconds: Sequence[float], phases: Sequence[Phases], accounts: Sequence[Account], parts: float = 1
) -> dict[str, float]:
    """Mean seconds by stage, in the order of a request, of each of its `parts` (a frame); empty when none is known."""
    if not request_seconds or not (phases or accounts):
        return {}
    outside = _means([each.seconds for each in phases])
    inside = _means([each.seconds for each in accounts])
    found = {name: seconds for name, seconds in outside.items() if name not in ("container", "upload")}
    found |= _container(outside["container"], inside, accounts) if "container" in outside else inside
    found |= {name: seconds for name, seconds in outside.items() if name == "upload"}
    known = sum(outside.values()) if "container" in outside else _total(accounts)
    found["rest"] = max(0.0, sum(request_seconds) / len(request_seconds) - known)
    return {name: round(seconds / parts, 6) for name, seconds in found.items()}


def in_line(seconds: Mapping[str, float]) -> Mapping[str, float]:
    """The stages that follow each other, whose sum is the request."""
    return {name: each for name, each in seconds.items() if WAIT not in seconds or name not in BESIDE}


def _container(seconds: float, inside: dict[str, float], accounts: Sequence[Account]) -> dict[str, float]:
    return {"http": max(0.0, seconds - _total(accounts)), **inside} if inside else {"container": seconds}


def _total(accounts: Sequence[Account]) -> float:
    return sum(account.total_seconds for account in accounts) / len(accounts) if accounts else 0.0


def _means(every: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Mean seconds by name, in `ORDER`; names that are not in it come before `write`."""
    names = {name for seconds in every for name in seconds}
    ordered = sorted(names, key=lambda name: (place(name), name))
    return {name: sum(seconds.get(name, 0.0) for seconds in every) / len(every) for name in ordered}


def place(name: str) -> float:
    """In the order of a request's way; what is not in it comes before `write`."""
    return ORDER.index(name) if name in ORDER else ORDER.index("write") - 0.5
