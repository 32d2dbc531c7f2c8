"""LocalStack's environment is made once, under the digest of its lock, and never half."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from harness.core.errors import MachineCannot
from harness.local_cloud import install
from harness.local_cloud.install import LOCK, environment_dir, localstack_python
from harness.processes import uv as uv_module


def fake_uv(folder: Path, script: str) -> Path:
    """A `uv` that does what the script says; its calls are in `calls`."""
    path = folder / "uv"
    path.write_text(f'#!/bin/sh\necho "$@" >> {folder}/calls\n{script}\n')
    path.chmod(0o755)
    return path


MAKES_A_VENV = 'if [ "$1" = venv ]; then mkdir -p "$5/bin" && touch "$5/bin/python"; fi'


def test_the_environment_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV", str(fake_uv(tmp_path, MAKES_A_VENV)))
    said: list[str] = []
    first = localstack_python(tmp_path / "cache", progress=said.append)
    second = localstack_python(tmp_path / "cache", progress=said.append)
    assert first == second == environment_dir(tmp_path / "cache") / "bin" / "python"
    assert first.exists()
    assert said == ["installing LocalStack (once)"]
    calls = (tmp_path / "calls").read_text().splitlines()
    assert [call.split()[0] for call in calls] == ["venv", "pip"]
    assert "--require-hashes" in calls[1]


def test_a_failed_installation_is_told_and_leaves_no_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = f'{MAKES_A_VENV}; if [ "$1" = pip ]; then echo "no such package"; exit 2; fi'
    monkeypatch.setenv("UV", str(fake_uv(tmp_path, script)))
    with pytest.raises(MachineCannot, match=r"could not install LocalStack.*exit code 2") as caught:
        localstack_python(tmp_path / "cache")
    assert caught.value.log_tail == "no such package"
    assert not environment_dir(tmp_path / "cache").exists()


def test_what_a_killed_build_left_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV", str(fake_uv(tmp_path, MAKES_A_VENV)))
    half = environment_dir(tmp_path / "cache").with_suffix(".building")
    (half / "bin").mkdir(parents=True)
    (half / "rest-of-a-killed-build").touch()
    python = localstack_python(tmp_path / "cache")
    assert not (python.parents[1] / "rest-of-a-killed-build").exists()
    assert not half.exists()


def test_another_lock_or_interpreter_is_another_environment(tmp_path: Path) -> None:
    other = tmp_path / "other.lock"
    other.write_text("localstack-core==1\n")
    assert environment_dir(tmp_path) != environment_dir(tmp_path, other)
    assert environment_dir(tmp_path).name.endswith(f"-py{sys.version_info.major}{sys.version_info.minor}")


def test_a_machine_without_uv_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(uv_module, "_packaged_uv", lambda: None)
    with pytest.raises(MachineCannot, match="install it with `pip install uv`"):
        uv_module.find_uv()


def test_uv_is_found_in_its_package_when_it_is_not_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    packaged = uv_module._packaged_uv()
    if packaged is None:
        pytest.skip("the uv package is not installed here")
    assert uv_module.find_uv() == Path(packaged)


def test_the_lock_pins_every_package_by_hash_and_names_no_index() -> None:
    text = LOCK.read_text()
    pins = re.findall(r"^([a-z0-9][\w.-]*)==", text, re.MULTILINE)
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert "localstack-core" in pins
    assert all("--hash=sha256:" in block for block in blocks)
    assert len(blocks) == len(pins)
    assert not re.search(r"://|--index|--find-links|--extra", text)
    assert install.LOCK.with_suffix(".in").read_text().strip() == "localstack-core[base-runtime,runtime]==4.12.0"
