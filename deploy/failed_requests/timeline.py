"""Finds the configuration that an endpoint served at a time in the past, from ledger, release records and pointer.

A promotion writes a line into the ledger when the update begins and a release record when it ends; a manual rollback
writes the line, and moves the pointer. Between the two, either fleet may have answered. May not: call AWS.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from deploy.apply.ledger import Entry
from deploy.core.errors import ConfigurationError
from deploy.releases import Pointer, Release, Stored

# No update takes longer than starting a fleet, the longest bake and a smoke test together.
_LONGEST_UPDATE = timedelta(hours=3)


@dataclass(frozen=True)
class History:
    """Every record about one endpoint."""

    endpoint_name: str
    attempts: Sequence[Stored]
    entries: Sequence[Entry] = ()
    pointed: tuple[Pointer, Release] | None = None
    endpoint: Mapping[str, Any] | None = None
    """DescribeEndpoint's answer; None when it is deleted."""


@dataclass(frozen=True)
class Serving:
    config_name: str
    how: str
    """How this is known."""
    otherwise: str | None = None
    """The configuration that may have answered instead, while an update was in progress."""


@dataclass(frozen=True)
class _Event:
    at: datetime
    kind: str
    """`begins`: an update from `old` to `new` starts; `serves`: `new` serves; `returns`: the one before serves again;
    `ends`: the endpoint is deleted.
    """
    new: str = ""
    old: str | None = None


def serving(history: History, at: datetime) -> Serving:
    """Find what served at `at`. Raises ConfigurationError when no record tells it."""
    present = history.endpoint
    if present is not None and _is_unchanged_since(present, at):
        name = str(present["EndpointConfigName"])
        return Serving(name, f"the endpoint serves it unchanged since {_said(present['LastModifiedTime'])}")
    events = sorted(_events(history), key=lambda event: event.at)
    found = _fold([event for event in events if event.at <= at], at)
    if found is None:
        first = f"; the first was at {_said(events[0].at)}" if events else ""
        raise ConfigurationError(
            f"no release of {history.endpoint_name} is known to have served at {_said(at)}{first}. "
            "Name one of `deploy releases` with --release"
        )
    return found


def release_of(history: History, config_name: str) -> Stored:
    """The newest record of that configuration. Raises ConfigurationError when `deploy` did not promote it."""
    found = [each for each in history.attempts if each.release.config_name == config_name]
    if not found:
        raise ConfigurationError(
            f"{history.endpoint_name} served {config_name}, and no release record describes that: it was not promoted "
            "by `deploy`. Name a release with --release"
        )
    promoted = [each for each in found if each.release.state == "promoted"]
    return (promoted or found)[0]


def named(history: History, wanted: str) -> Stored:
    """The newest attempt whose release begins with `wanted`, promoted or not."""
    for each in history.attempts:
        if each.release.release.startswith(wanted):
            return each
    known = ", ".join(dict.fromkeys(each.release.release for each in history.attempts)) or "none"
    raise ConfigurationError(f"no release of {history.endpoint_name} begins with {wanted!r} (known: {known})")


def _is_unchanged_since(endpoint: Mapping[str, Any], at: datetime) -> bool:
    modified = endpoint.get("LastModifiedTime")
    return endpoint.get("EndpointStatus") == "InService" and modified is not None and bool(modified <= at)


def _events(history: History) -> Iterator[_Event]:
    for entry in history.entries:
        if entry.kind == "endpoint" and entry.name == history.endpoint_name:
            yield from _of_entry(entry, history)
    for each in history.attempts:
        release = each.release
        if release.state == "promoted":
            yield _Event(release.created, "serves", release.config_name)
        else:
            yield _Event(release.created, "returns", release.config_name)
    if history.pointed is not None:
        pointer, release = history.pointed
        yield _Event(pointer.updated, "serves", release.config_name)


def _of_entry(entry: Entry, history: History) -> Iterator[_Event]:
    at = datetime.fromisoformat(entry.at)
    if entry.action == "updated" and " -> " in entry.detail:
        old, _, new = entry.detail.partition(" -> ")
        yield _Event(at, "begins", new, old)
    elif entry.action == "created":
        later = [each.release for each in history.attempts if each.release.created >= at]
        if later:
            yield _Event(at, "begins", min(later, key=lambda release: release.created).config_name)
    elif entry.action == "deleted":
        yield _Event(at, "ends")


def _fold(events: Sequence[_Event], at: datetime) -> Serving | None:
    state: Serving | None = None
    began: datetime | None = None
    for event in events:
        if event.kind == "begins":
            how = f"the update of {_said(event.at)} was under way"
            state, began = Serving(event.new, how, event.old), event.at
        elif event.kind == "serves":
            state, began = Serving(event.new, f"in service since {_said(event.at)}"), None
        elif event.kind == "ends":
            state, began = None, None
        elif state is not None and began is not None:
            back = state.otherwise if state.config_name == event.new else state.config_name
            state = None if back is None else Serving(back, f"back in service since {_said(event.at)}")
            began = None
    if state is not None and began is not None and at - began > _LONGEST_UPDATE:
        return replace(state, how=f"put in service at {_said(began)}", otherwise=None)
    return state


def _said(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"
