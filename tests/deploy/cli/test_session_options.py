"""From the groups of options that a command takes to the options of its session."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from deploy.cli.main import main
from deploy.cli.options import EndpointOptions, GateOptions, JudgedEndpointOptions, ProjectOptions, TargetName
from deploy.cli.session.target import Options


def test_without_a_word_they_are_the_defaults() -> None:
    assert Options.of(ProjectOptions()) == Options.of(EndpointOptions(), GateOptions()) == Options()


def test_paths_and_lists_become_what_json_keeps() -> None:
    endpoint = EndpointOptions(config=Path("a/b.toml"), env="prod", target=TargetName.LOCAL, profile="p")
    gates = GateOptions(bundle=Path("x.tar.gz"), evidence=[Path("e.json")], override=["age"], because="why")
    assert Options.of(endpoint, gates) == Options(
        config="a/b.toml",
        env="prod",
        target=TargetName.LOCAL,
        profile="p",
        bundle="x.tar.gz",
        evidence=("e.json",),
        override=("age",),
        because="why",
    )


def test_every_field_of_a_group_is_one_of_the_session() -> None:
    known = {field.name for field in fields(Options)}
    assert {field.name for group in (JudgedEndpointOptions, GateOptions) for field in fields(group)} == known


@pytest.mark.parametrize(
    ("word", "answer"), [("plan", "`deploy` without a command"), ("promote", "`deploy --promote`")]
)
def test_words_of_other_tools_are_answered(word: str, answer: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([word])
    assert ended.value.code == 2
    assert answer in capsys.readouterr().err
