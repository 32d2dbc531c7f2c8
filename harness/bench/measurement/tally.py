"""What was seen of a point so far: rates by repeat, times, items, and failures by cause. Pure; may not send."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from deploy.async_client import Completed, Failed
from harness.bench.load.reading import Reading
from harness.bench.load.senders import Broken, Shot, Unsent
from harness.checks import refusal

_OUT_OF_MEMORY = b"out_of_memory"
# After so many failures of a request in a row no more are sent; below that, the rate of failures is a result.
_HOPELESS = 3
_LONGEST_CAUSE, _LONGEST_NOTE = 120, 500
_MOST_CAUSES = 20
_OTHERS = "other causes"
# What differs from request to request, and is no cause.
_IDENTITY = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{20,}|s3://\S+|0x[0-9a-f]+")


@dataclass
class Tally:
    item_rates: list[float] = field(default_factory=list)
    """Items a second, by repeat; as many as `request_rates` where every repeat had items and told how many."""
    request_rates: list[float] = field(default_factory=list)
    medians: list[float] = field(default_factory=list)
    """The median time of the answered requests, by repeat."""
    offered_rates: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    """Of each request that was answered, in an open load from when it was due."""
    served_seconds: list[float] = field(default_factory=list)
    """The same from when it was accepted."""
    inference_ids: set[str] = field(default_factory=set)
    first_seconds: float | None = None
    warm_ups: int = 0
    items: int = 0
    detections: int = 0
    counted: int = 0
    """Answers that told their items."""
    measured: int = 0
    """Requests after the warm-up."""
    requests: int = 0
    failures: list[str] = field(default_factory=list)
    causes: Counter[str] = field(default_factory=Counter)
    failed_in_a_row: Counter[str] = field(default_factory=Counter)
    """By the name of the request."""
    faults_in_a_row: Counter[str] = field(default_factory=Counter)
    """Answers that do not count, by the name of the request."""
    out_of_memory: int = 0
    was_unanswered: bool = False
    """A request got no answer within the time-out; no other is sent, because each would take as long."""
    was_overwhelmed: bool = False
    """Not all of an open load could be sent; the next repeat would go the same way."""
    repeats: int = 0
    repeating_seconds: float = 0.0

    @property
    def is_hopeless(self) -> bool:
        in_a_row = (*self.failed_in_a_row.values(), *self.faults_in_a_row.values())
        return self.was_unanswered or self.was_overwhelmed or max(in_a_row, default=0) >= _HOPELESS

    @property
    def speeds(self) -> Sequence[float]:
        """Items a second where they are known, else requests a second, by repeat."""
        return self.item_rates if self.counts_items else self.request_rates

    @property
    def counts_items(self) -> bool:
        return bool(self.item_rates) and len(self.item_rates) == len(self.request_rates)

    @property
    def items_per_request(self) -> float | None:
        return self.items / self.counted if self.counted else None

    def warm_up(self, shot: Shot) -> None:
        if self.first_seconds is None:
            self.first_seconds = max(0.0, shot.ended - shot.started)
        self.warm_ups += 1
        self.watch(shot)
        self._read(shot)

    def watch(self, shot: Shot) -> bool:
        """Whether more requests may be sent after this one. Called by the senders' threads, while a repeat runs."""
        name, is_answered = shot.sent.name, isinstance(shot.outcome, Completed)
        self.failed_in_a_row[name] = 0 if is_answered else self.failed_in_a_row[name] + 1
        self.was_unanswered |= not isinstance(shot.outcome, Completed | Failed | Broken | Unsent)
        return not self.is_hopeless

    def repeat(self, shots: Sequence[Shot]) -> None:
        """Count a repeat; its rates are of what was answered in the time of all."""
        self.repeats += 1
        self.measured += len(shots)
        read = [(shot, reading) for shot in shots if (reading := self._read(shot)) is not None]
        seconds = _seconds_of(shots)
        if not read or seconds <= 0:
            return
        self.request_rates.append(len(read) / seconds)
        counts = [reading.items for _, reading in read if reading.items is not None]
        if len(counts) == len(read) and any(counts):
            self.item_rates.append(sum(counts) / seconds)
        self.offered_rates += _offered(shots)
        self.medians.append(median(shot.seconds for shot, _ in read))
        self._note_times(shot for shot, _ in read)

    def fail(self, why: str, cause: str | None = None) -> None:
        self.failures.append(why[:_LONGEST_NOTE])
        short = _IDENTITY.sub("...", cause or why).strip()[:_LONGEST_CAUSE] or "no reason given"
        self.causes[short if short in self.causes or len(self.causes) < _MOST_CAUSES else _OTHERS] += 1

    def _note_times(self, shots: Iterable[Shot]) -> None:
        for shot in shots:
            self.seconds.append(shot.seconds)
            self.served_seconds.append(shot.ended - shot.accepted)
            if isinstance(shot.outcome, Completed):
                self.inference_ids.add(shot.outcome.submitted.inference_id)

    def _read(self, shot: Shot) -> Reading | None:
        """What the answer holds; None where there is none, or none that counts, which is noted."""
        self.requests += 1
        if not isinstance(shot.outcome, Completed):
            self._failed(shot)
            return None
        found = shot.sent.reader.read(shot.outcome)
        if found.fault:
            self.faults_in_a_row[shot.sent.name] += 1
            self.fail(_named(shot, found.fault), found.fault)
            return None
        self.faults_in_a_row[shot.sent.name] = 0
        if found.items is not None:
            self.counted += 1
            self.items += found.items
            self.detections += found.detections or 0
        return found

    def _failed(self, shot: Shot) -> None:
        outcome = shot.outcome
        if isinstance(outcome, Broken):
            self.fail(_named(shot, str(outcome.error)), str(outcome.error))
        elif isinstance(outcome, Failed):
            self.out_of_memory += _OUT_OF_MEMORY in outcome.body
            reason = refusal.reason_in(outcome.body) or outcome.reason
            said = outcome.body.decode("utf-8", errors="replace").strip() or reason
            status = f"{outcome.http_status}: " if outcome.http_status else ""
            self.fail(_named(shot, reason if "\n" in said else said), status + reason)
        elif isinstance(outcome, Unsent):
            self.was_overwhelmed = True
            self.fail(_named(shot, outcome.why), outcome.why)
        elif not isinstance(outcome, Completed):
            why = f"no answer within {outcome.waited_seconds:g} s"
            self.fail(_named(shot, why), why)


def _named(shot: Shot, why: str) -> str:
    """A clip is the only thing that is sent, a case may be one of several."""
    return why if shot.sent.reader.expectation is None else f"case {shot.sent.name!r}: {why}"


def _seconds_of(shots: Sequence[Shot]) -> float:
    """From the first request's acceptance (in an open load, from when it was due) to the last answer."""
    starts = min((shot.due if shot.is_open else shot.accepted for shot in shots), default=0.0)
    return max((shot.ended for shot in shots), default=0.0) - starts


def _offered(shots: Sequence[Shot]) -> list[float]:
    """The rate of an open load that has one: several requests that were not all due at once."""
    due = [shot.due for shot in shots if shot.is_open]
    return [len(due) / (max(due) - min(due))] if len(due) > 1 and max(due) > min(due) else []
