"""A replay as text: both sides beside each other, the log, the differences, and last the meaning."""

from __future__ import annotations

from collections.abc import Iterator

from harness.replay.comparing import Replayed, Side

_COLUMN = 44
_SHOWN_MESSAGE = 400


def text(replayed: Replayed) -> str:
    return "\n".join(_lines(replayed))


def _lines(replayed: Replayed) -> Iterator[str]:
    recorded, here = replayed.recorded, replayed.here
    yield f"{'':<9}{'recorded':<{_COLUMN}}here ({replayed.runtime})"
    yield _row("outcome", recorded.outcome if recorded else "not recorded", here.outcome)
    yield _row("status", _or_unknown(recorded, "status"), _or_unknown(here, "status"))
    yield _row("code", _or_unknown(recorded, "code"), _or_unknown(here, "code"))
    yield _row("when", f"{recorded.at:%Y-%m-%d %H:%M:%S}" if recorded and recorded.at else "-", _took(here))
    yield from _messages(replayed)
    if here.outcome == "failed" and replayed.log_excerpt:
        yield "log, its last lines here:"
        yield from (f"  {line}" for line in replayed.log_excerpt.splitlines())
    for difference in replayed.differences:
        yield f"differs  {difference}"
    yield f"kept in  {replayed.run}"
    yield _meaning(replayed)


def _row(name: str, left: str, right: str) -> str:
    return f"{name:<9}{left:<{_COLUMN}}{right}"


def _or_unknown(side: Side | None, name: str) -> str:
    value = None if side is None else getattr(side, name)
    return "-" if value is None else str(value)


def _took(here: Side) -> str:
    return f"after {here.seconds:.1f} s" if here.seconds is not None else "-"


def _messages(replayed: Replayed) -> Iterator[str]:
    """The messages below each other, as they are too long for columns; one line when both are the same."""
    recorded, here = replayed.recorded, replayed.here
    if recorded is not None and replayed.verdict == "same_failure":
        yield f"both say {_short(here.message)}"
        return
    if recorded is not None:
        yield f"recorded {_short(recorded.message)}"
    yield f"here     {_short(here.message)}"


def _short(message: str) -> str:
    joined = "\n         ".join(message.splitlines())
    return joined if len(joined) <= _SHOWN_MESSAGE else f"{joined[:_SHOWN_MESSAGE]} ..."


def _meaning(replayed: Replayed) -> str:
    again = f"`harness replay {replayed.folder} --handler handler`"
    return {
        "same_failure": f"the same failure: reproduced here. Edit the handler and run it again: {again}",
        "other_failure": f"another failure than the recorded one: see what differs. To try an edited handler: {again}",
        "failed": f"it fails here, and nothing is recorded to compare with. To try an edited handler: {again}",
        "answered": "answered here: what failed there is not in the bundle and input alone, or it is mended"
        if replayed.recorded
        else "answered here; no failure is recorded to compare with",
    }[replayed.verdict]
