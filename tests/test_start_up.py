"""What is loaded before a command is chosen: nothing that a command would need, since most of a start is imports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = {
    "torch", "torchvision", "numpy", "cv2", "docker", "boto3", "botocore", "pydantic", "jinja2", "rich", "cryptography",
    "PIL", "av", "httpx", "starlette", "uvicorn", "localstack_client", "psutil",
}  # fmt: skip


def loaded_by(program: str) -> set[str]:
    """The top-level modules that a fresh interpreter has when it ends."""
    code = f"{program}\nimport sys; print(chr(10), *{{name.partition('.')[0] for name in sys.modules}})"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(ran.stdout.splitlines()[-1].split())


def command_line(room: str, word: str) -> str:
    return f"""
from {room}.cli.main import app
try:
    app(args=["{word}"], prog_name="{room}")
except SystemExit as ended:
    assert not ended.code
"""


@pytest.mark.parametrize("room", ["deploy", "harness"])
def test_importing_a_room_loads_nothing_else(room: str) -> None:
    assert not loaded_by(f"import {room}") & (HEAVY | {"typer"})


@pytest.mark.parametrize("room", ["deploy", "harness"])
@pytest.mark.parametrize("word", ["--help", "--version"])
def test_help_and_version_load_no_command(room: str, word: str) -> None:
    loaded = loaded_by(command_line(room, word))
    assert room in loaded
    assert not loaded & HEAVY


def test_a_deployer_needs_neither_torch_nor_docker_nor_the_harness_for_the_help_of_any_command() -> None:
    program = "from deploy.cli.main import SECTIONS"
    loaded = loaded_by(f"{program}\n[each.load() for section in SECTIONS for _, each in section.commands()]")
    assert {"boto3", "pydantic"} <= loaded
    assert not loaded & {"torch", "torchvision", "numpy", "cv2", "docker", "harness", "detector", "inference"}
