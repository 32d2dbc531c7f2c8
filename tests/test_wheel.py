"""What the wheel holds, without installing it: the packages whole, flagship and examples byte for byte, no more."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.core.top_level import COMPOSE_FILE, EXAMPLES, HANDLER, PROJECT_FILE, top_level
from tests.built_wheel import ROOT, build, contents

DATA = "harness/data/"
TOP_LEVEL = ("handler", "rehearsal.toml", "docker-compose.yml", "examples")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return contents(build(tmp_path_factory.mktemp("wheel"), "--wheel"))


def tracked(*paths: str) -> dict[str, bytes]:
    """What git has below `paths`, and what it would be given by `git add`, as it is in the working tree."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *paths]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return {name: (ROOT / name).read_bytes() for name in names if (ROOT / name).is_file()}


def test_both_packages_are_in_it_whole(wheel: dict[str, bytes]) -> None:
    packaged = {name: data for name, data in wheel.items() if not name.startswith(DATA)}
    assert packaged == tracked("deploy", "harness")


def test_flagship_compose_file_and_examples_are_in_it_byte_for_byte(wheel: dict[str, bytes]) -> None:
    carried = {name.removeprefix(DATA): data for name, data in wheel.items() if name.startswith(DATA)}
    assert carried == tracked(*TOP_LEVEL)
    assert "handler/inference.py" in carried


def test_only_harness_and_deploy_land_in_site_packages(wheel: dict[str, bytes]) -> None:
    assert {name.partition("/")[0] for name in wheel} == {"deploy", "harness"}


def test_the_source_distribution_builds_the_same_wheel(wheel: dict[str, bytes], tmp_path: Path) -> None:
    assert contents(build(tmp_path)) == wheel


def test_in_a_checkout_the_files_are_at_the_top_level() -> None:
    assert [path.relative_to(ROOT).as_posix() for path in (HANDLER, PROJECT_FILE, COMPOSE_FILE, EXAMPLES)] == list(
        TOP_LEVEL
    )


def test_in_an_installed_package_the_files_are_its_data(tmp_path: Path) -> None:
    (tmp_path / "harness" / "data").mkdir(parents=True)
    assert top_level(tmp_path / "harness") == tmp_path / "harness" / "data"
