"""`deploy replay` as it is typed, on a cloud in memory; what runs the request again stands in the e2e tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.cli.commands.endpoint import replay
from tests.deploy.cli.test_commands import Terminal, terminal
from tests.deploy.watched_cloud import GOOD_ANSWER

__all__ = ["terminal"]


@pytest.fixture
def failure_url(terminal: Terminal) -> str:
    """Of a request that was sent with `deploy invoke` and failed; the failure says how to run it again."""
    terminal.type("--promote --target local --yes")
    terminal.cloud.answer = lambda _: None
    terminal.type("invoke clip.mp4 --target local --attributes masks=rle", expect=1)
    _, _, rest = terminal.err.partition("`deploy replay ")
    terminal.cloud.answer = lambda _: GOOD_ANSWER
    return rest.partition("`")[0]


def test_a_request_is_fetched_into_the_projects_own_folder(terminal: Terminal, failure_url: str) -> None:
    found = terminal.json(f"replay {failure_url} --target local --fetch-only")
    assert found["schema"] == "rehearsal.kept-request/1"
    assert found["request"]["custom_attributes"] == "masks=rle"
    folder = Path(found["folder"])
    assert folder.parent == Path(".rehearsal/replays")
    assert {path.name for path in folder.iterdir()} == {"request.json", "input.mp4", "failure.out", "model.tar.gz"}
    assert json.loads((folder / "request.json").read_text()) == {k: v for k, v in found.items() if k != "folder"}


def test_the_text_names_the_request_what_served_it_and_the_next_command(terminal: Terminal, failure_url: str) -> None:
    text = terminal.type(f"replay {failure_url} --target local --fetch-only --out kept")
    assert "failed    2026-11-20" in text
    assert "served by release " in text
    assert text.splitlines()[-1].endswith("runs it again")
    assert "`harness replay kept/" in text


def test_where_there_is_no_harness_the_folder_is_whole_all_the_same(
    terminal: Terminal, failure_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replay, "find_spec", lambda _: None)
    terminal.type(f"replay {failure_url} --target local --out kept", expect=2)
    assert "the harness is not installed here: run `harness replay kept/" in terminal.err
    assert len(list(Path("kept").iterdir())) == 1


def test_what_is_not_ours_ends_with_2(terminal: Terminal) -> None:
    terminal.type("--promote --target local --yes")
    terminal.type("replay s3://elsewhere/x-error.out --target local", expect=2)
    assert "does not belong to endpoint demo" in terminal.err
