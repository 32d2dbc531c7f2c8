"""The ledger survives crashes and says what is ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.apply.ledger import Action, Ledger
from deploy.core.errors import ConfigurationError


def record(path: Path, *actions: Action) -> Ledger:
    ledger = Ledger(path)
    for action in actions:
        ledger.write(action, "model", "m", account="1", region="r")
    return ledger


@pytest.mark.parametrize(
    ("actions", "ours"),
    [
        (("intent", "created"), True),
        (("intent",), True),
        (("intent", "created", "adopted"), True),
        (("intent", "adopted"), True),
        (("adopted",), False),
        (("intent", "disowned"), False),
        (("intent", "disowned", "adopted"), False),
        (("intent", "created", "deleted"), False),
        (("intent", "created", "deleted", "intent", "created"), True),
    ],
)
def test_ours_is_what_we_created_or_may_have(tmp_path: Path, actions: tuple[Action, ...], ours: bool) -> None:
    assert bool(record(tmp_path / "l.jsonl", *actions).owned()) is ours


def test_a_ledger_that_was_never_written_is_empty(tmp_path: Path) -> None:
    assert Ledger(tmp_path / "none").entries() == ()


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_line_torn_by_a_crash_is_dropped_and_writing_goes_on(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "l.jsonl"
    ledger = record(path, "intent", "created")
    path.write_bytes(path.read_bytes()[:-cut])
    assert [entry.action for entry in ledger.entries()] == ["intent"]
    ledger.write("adopted", "model", "m", account="1", region="r")
    assert [entry.action for entry in ledger.entries()] == ["intent", "adopted"]


def test_a_line_that_is_no_entry_is_refused_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "l.jsonl"
    ledger = record(path, "intent", "created")
    path.write_text("nonsense\n" + path.read_text())
    with pytest.raises(ConfigurationError, match=r"l\.jsonl, line 1: not a ledger entry"):
        ledger.entries()
