"""The examples are whole, carry no large file, and become a project of one's own."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

from deploy import bundle, config
from harness import scaffold
from harness.cases.known_answer import KNOWN_ANSWER
from harness.core.errors import MachineCannot
from harness.core.top_level import EXAMPLES, HANDLER, PROJECT_FILE

NAMES = [each.name for each in scaffold.examples()]
LARGEST_BYTES = 200_000


def test_every_folder_of_examples_is_one() -> None:
    assert sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_a_project_that_can_be_loaded(name: str, tmp_path: Path) -> None:
    plan = scaffold.plan(scaffold.Options(folder=tmp_path, example=name, name="my-own"))
    scaffold.write(plan, force=False)
    project = config.load(tmp_path / "rehearsal.toml")
    assert project.name == "my-own"
    assert (project.handler.source / "inference.py").is_file()
    document = tomllib.loads((tmp_path / "rehearsal.toml").read_text(encoding="utf-8"))
    assert all((tmp_path / case["file"]).is_file() for case in document.get("case", ()))
    assert (tmp_path / ".gitignore").is_file()


@pytest.mark.parametrize("name", NAMES)
def test_what_git_keeps_of_an_example_is_small(name: str) -> None:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "."]
    kept = subprocess.run(command, cwd=EXAMPLES / name, capture_output=True, text=True, check=True).stdout.splitlines()
    large = [each for each in kept if (EXAMPLES / name / each).stat().st_size > LARGEST_BYTES]
    assert large == []


@pytest.mark.parametrize("name", NAMES)
def test_its_readme_has_ten_lines_and_says_what_it_is(name: str) -> None:
    lines = (EXAMPLES / name / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 12
    (summary,) = [each.summary for each in scaffold.examples() if each.name == name]
    assert summary.endswith(".")
    assert "\n" not in summary


def made(folder: Path, example: str) -> Path:
    scaffold.write(scaffold.plan(scaffold.Options(folder=folder, example=example)), force=False)
    return folder / "rehearsal.toml"


def below(folder: Path) -> set[str]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if "__pycache__" not in path.parts}


def test_an_example_with_the_flagships_handler_gets_a_copy_of_it(tmp_path: Path) -> None:
    project_file = made(tmp_path, "faster-rcnn")
    assert below(tmp_path / "handler") == below(HANDLER)
    assert config.load(project_file).handler.source == tmp_path / "handler"
    assert config.load(EXAMPLES / "faster-rcnn" / "rehearsal.toml").handler.source.resolve() == HANDLER
    assert not (tmp_path / "known_answer").exists()


def test_the_flagship_has_its_handler_and_its_known_answer(tmp_path: Path) -> None:
    project_file = made(tmp_path, "mask-rcnn")
    assert below(tmp_path / "handler") == below(HANDLER)
    assert below(tmp_path / "known_answer") == below(KNOWN_ANSWER.folder)
    assert "../" not in project_file.read_text(encoding="utf-8")


def test_the_flagship_makes_the_very_bundle_of_the_checkout(tmp_path: Path) -> None:
    """Copied, in its folder of the repository, and by the rehearsal.toml of the repository."""
    files = (made(tmp_path / "mine", "mask-rcnn"), EXAMPLES / "mask-rcnn" / "rehearsal.toml", PROJECT_FILE)
    projects = [config.load(file) for file in files]
    assert len({project.handler.packages for project in projects}) == 1
    built = [
        bundle.build(project.without_packages(), tmp_path / str(number)) for number, project in enumerate(projects)
    ]
    assert len({each.sha256 for each in built}) == 1


def fetching(folder: Path, program: str) -> scaffold.Plan:
    plan = scaffold.Plan(folder, {"fetch_model.py": program.encode()})
    scaffold.write(plan, force=False)
    return plan


def test_the_model_is_fetched_in_the_project(tmp_path: Path) -> None:
    plan = fetching(tmp_path, "open('weights.pth', 'w').close()\nprint('first')\nprint('weights.pth: 0 MB')\n")
    assert scaffold.fetches(plan)
    assert scaffold.fetch(plan) == "weights.pth: 0 MB"
    assert (tmp_path / "weights.pth").exists()


def test_a_model_that_cannot_be_fetched_is_told_with_the_way_on(tmp_path: Path) -> None:
    plan = fetching(tmp_path, "import sys\nsys.exit('no network')\n")
    with pytest.raises(MachineCannot, match=r"the project is written.*Run `python fetch_model.py` there") as raised:
        scaffold.fetch(plan)
    assert raised.value.log_tail == "no network"
