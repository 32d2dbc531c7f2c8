"""Both command lines: a file for every command, one text for its help, and what a shell and `--version` are told."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import deploy.cli.main
import harness.cli.main
from deploy.cli.program import LazyCommand
from deploy.cli.program.sections import docstring

ROOT = Path(__file__).parents[3]
PROGRAMS: dict[str, Any] = {"deploy": deploy.cli.main, "harness": harness.cli.main}


def commands(group: Any, *words: str) -> list[tuple[tuple[str, ...], LazyCommand]]:
    """Every command below a group, by its words."""
    found = []
    for name, command in getattr(group, "commands", {}).items():
        assert isinstance(command, LazyCommand)
        found += [((*words, name), command), *commands(command.load(), *words, name)]
    return found


EVERY_COMMAND = [each for room, program in PROGRAMS.items() for each in commands(get_command(program.app), room)]
IDS = [" ".join(words) for words, _ in EVERY_COMMAND]


def test_there_are_commands_of_both_and_commands_of_commands() -> None:
    assert {("deploy", "bundle"), ("harness", "validate"), ("harness", "image", "pull")} <= dict(EVERY_COMMAND).keys()


def is_below_another_command(path: Path, below: Path, names: list[str]) -> bool:
    """`harness golden check` is no file of `harness check`; folders that are no command only keep others apart."""
    steps = [step for step in path.relative_to(below).with_suffix("").parts if step != "__init__"][: -len(names)]
    folders = [below.joinpath(*steps[: place + 1]) for place in range(len(steps))]
    return any("\napp = " in (folder / "__init__.py").read_text(encoding="utf-8") for folder in folders)


@pytest.mark.parametrize(("words", "command"), EVERY_COMMAND, ids=IDS)
def test_every_command_has_the_file_of_its_name(words: tuple[str, ...], command: LazyCommand) -> None:
    room, *names = words
    path = "/".join(name.replace("-", "_") for name in names)
    below = ROOT / room / "cli" / "commands"
    files = [*below.rglob(f"{path}.py"), *below.rglob(f"{path}/__init__.py")]
    found = [file for file in files if not is_below_another_command(file, below, names)]
    assert [Path(str(import_module(command.module).__file__))] == found


@pytest.mark.parametrize("room", PROGRAMS)
def test_every_file_of_a_function_of_its_name_is_a_command(room: str) -> None:
    """`plan` and `promote` are `deploy` without a command; a folder's own work is in a file that it names."""
    below = ROOT / room / "cli" / "commands"
    modules = {command.module for words, command in EVERY_COMMAND if words[0] == room}
    files = [path for path in below.rglob("*.py") if f"\ndef {path.stem}(" in path.read_text(encoding="utf-8")]
    others = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files} - modules
    alone = {f"deploy.cli.commands.promotion.{name}" for name in ("plan", "promote")}
    assert others == (alone if room == "deploy" else {"harness.cli.commands.bench.sweep"})


@pytest.mark.parametrize(("words", "command"), EVERY_COMMAND, ids=IDS)
def test_the_help_that_is_read_without_an_import_is_the_commands_own(
    words: tuple[str, ...], command: LazyCommand
) -> None:
    own = command.load()
    assert docstring(command.module) == own.help == str(import_module(command.module).__doc__).strip()
    assert command.get_short_help_str() == own.get_short_help_str(90)
    assert own.name == words[-1]


@pytest.mark.parametrize("room", PROGRAMS)
def test_the_version_names_program_distribution_and_python(room: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        PROGRAMS[room].main(["--version"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out.strip()
    number = version("sagemaker-rehearsal")
    assert printed == f"{room} (sagemaker-rehearsal) {number}, Python {platform.python_version()}"


def completions(typed: str) -> set[str]:
    """What bash is told when the tabulator is pressed after these words."""
    words = typed.split(" ")
    asked = {
        f"_{words[0].upper()}_COMPLETE": "complete_bash",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(words) - 1),
    }
    program = [sys.executable, "-m", f"{words[0]}.cli"]
    ran = subprocess.run(program, cwd=ROOT, env=os.environ | asked, capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


@pytest.mark.parametrize("room", PROGRAMS)
def test_bash_is_told_every_command(room: str) -> None:
    named = {name for section in PROGRAMS[room].SECTIONS for name in section.names}
    assert completions(f"{room} ") == named


def test_bash_is_told_the_options_values_and_commands_of_a_command() -> None:
    assert completions("deploy re") == {"replay", "releases", "resume"}
    assert completions("deploy destroy --pu") == {"--purge"}
    assert completions("deploy status --target ") == {"local", "aws"}
    assert completions("harness bench com") == {"compare"}


@pytest.mark.parametrize("room", PROGRAMS)
def test_the_script_for_bash_asks_this_program(room: str) -> None:
    variable = f"_{room.upper()}_COMPLETE"
    program = [sys.executable, "-m", f"{room}.cli"]
    environment = os.environ | {variable: "source_bash"}
    script = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout
    assert f"{variable}=complete_bash" in script
    assert {"--install-completion", "--show-completion"} <= completions(f"{room} --")
