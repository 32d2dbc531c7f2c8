"""The contract of a serving stack, which every registered one and the tests' own tiny one keep."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

from harness.core.errors import ConfigurationError
from harness.serving.stacks import STACKS, Stack, default_stack, stack_named
from harness.serving.stacks.contract.placement import Folders, Placement
from tests.harness.serving.stacks.tiny_stack import TINY, TinyStack

EVERY_STACK: tuple[Stack, ...] = (*STACKS.values(), TINY)


class Found:
    """A program that is on no machine: a stack may only hand its place on."""

    home = Path("/programs/it")
    version = "1.2"


@pytest.fixture(params=EVERY_STACK, ids=lambda each: each.name)
def stack(request: pytest.FixtureRequest) -> Stack:
    found: Stack = request.param
    return found


def placement(stack: Stack, folder: Path, **specified: str) -> Placement:
    return Placement(
        folders=Folders(folder, folder / "tmp"),
        ports={name: 20001 + number for number, name in enumerate(stack.needs.ports)},
        programs={required.name: Found() for required in stack.needs.programs},
        python=Path("/python/bin/python"),
        region="eu-west-1",
        inherited={"PATH": "/bin"},
        installer={"PIP_INDEX_URL": "https://user:secret@index"},
        specified=specified,
    )


def test_its_name_fits_a_project_file(stack: Stack) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*", stack.name)


def test_it_names_at_least_the_port_that_answers_and_none_twice(stack: Stack) -> None:
    assert len(set(stack.needs.ports)) == len(stack.needs.ports) >= 1


def test_each_program_it_needs_has_a_name_and_a_next_step(stack: Stack) -> None:
    assert all(required.name and required.fix for required in stack.needs.programs)


def test_its_archive_lies_within_its_root(stack: Stack) -> None:
    parts = [Path(part) for part in (stack.archive.code_folder, stack.archive.requirements or ".")]
    assert not any(part.is_absolute() or ".." in part.parts for part in parts)


def test_it_is_started_with_the_users_environment_and_nobodys_identity(stack: Stack, tmp_path: Path) -> None:
    launch = stack.launch(placement(stack, tmp_path, MY_SETTING="mine"))
    assert launch.command[0] == Path("/python/bin/python")
    assert launch.environment["MY_SETTING"] == "mine"
    assert launch.environment["AWS_REGION"] == "eu-west-1"
    assert launch.environment["AWS_EC2_METADATA_DISABLED"] == "true"
    assert not {"AWS_ACCESS_KEY_ID", "AWS_PROFILE"} & launch.environment.keys()


def test_its_home_is_the_instances_own_whatever_the_user_says(stack: Stack, tmp_path: Path) -> None:
    launch = stack.launch(placement(stack, tmp_path, HOME="/home/somebody"))
    assert launch.environment["HOME"] == str(tmp_path / "home")


def test_the_settings_of_the_installer_reach_only_a_model_with_requirements(stack: Stack, tmp_path: Path) -> None:
    assert "PIP_INDEX_URL" not in stack.launch(placement(stack, tmp_path)).environment
    if stack.archive.requirements is None:
        return
    requirements = tmp_path / "ml" / "model" / stack.archive.requirements
    requirements.parent.mkdir(parents=True)
    requirements.touch()
    assert "PIP_INDEX_URL" in stack.launch(placement(stack, tmp_path)).environment


def test_its_launch_is_the_same_twice_and_starts_nothing(stack: Stack, tmp_path: Path) -> None:
    assert stack.launch(placement(stack, tmp_path)) == stack.launch(placement(stack, tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_loaded_where_nobody_answers(stack: Stack) -> None:
    with httpx.Client(transport=httpx.MockTransport(refuse)) as client:
        assert not stack.is_loaded("http://127.0.0.1:1", client)


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nobody answers", request=request)


@pytest.mark.parametrize("log", ["", "hello\nworld\n", "\x00 \ufffd\n\n"])
def test_a_log_without_news_has_no_failure_and_is_kept(stack: Stack, log: str) -> None:
    assert stack.log.load_failure(log) is None
    assert stack.log.without_noise(log, 50) == "\n".join(log.splitlines())
    assert stack.log.last_request(log, 50) == "\n".join(log.splitlines())
    assert all(line in log for line in stack.log.model_output(log))


def test_of_a_log_the_last_lines_are_kept(stack: Stack) -> None:
    assert stack.log.without_noise("one\ntwo\nthree\n", 2) == "two\nthree"
    assert stack.log.lines_read_for_one >= 1
    assert stack.log.cause_delay_seconds > 0


def test_it_gives_up_on_a_request_some_time(stack: Stack) -> None:
    assert stack.response_timeout_seconds({}) > 0


def test_a_registered_stack_is_found_by_its_name() -> None:
    assert all(stack_named(name) is stack and stack.name == name for name, stack in STACKS.items())
    assert default_stack() in STACKS.values()


def test_a_stack_that_is_not_registered_is_an_error_that_names_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match="there is no serving stack 'tiny'; choose one of torchserve"):
        stack_named(TinyStack.name)
