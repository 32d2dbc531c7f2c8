"""The project that a run packs."""

from __future__ import annotations

from pathlib import Path

from harness.local_environment.local_run import ProjectOptions


def test_without_packages_the_project_names_none(tmp_path: Path) -> None:
    line = f"av==18.1.0 --hash=sha256:{'0' * 64}"
    path = tmp_path / "rehearsal.toml"
    path.write_text(f'[project]\nname = "mine"\n[handler]\npackages = ["{line}"]\n')
    assert ProjectOptions(config_path=path).project().handler.packages == (line,)
    assert ProjectOptions(config_path=path, without_packages=True).project().handler.packages == ()
