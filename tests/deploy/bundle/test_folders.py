"""A handler beside rehearsal.toml is packed without the project file, the model and what the programs write."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy import bundle, config
from deploy.config import Project
from deploy.core.errors import ConfigurationError

CODE = {"code/inference.py", "code/network.py", "code/labels/names.txt"}


def project(folder: Path, model: str) -> Project:
    for name in ("inference.py", "network.py", "labels/names.txt", "net.bin", "weights/big.bin", "venv/pyvenv.cfg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    text = f'[project]\nname = "own"\n[handler]\nsource = "."\n[model]\ndata = {model}\n'
    (folder / config.FILE_NAME).write_text(text)
    return config.load(folder / config.FILE_NAME)


def names(packed: bundle.Bundle) -> set[str]:
    return {file.path for file in packed.manifest.files}


def test_model_and_project_file_stay_out_of_the_code(tmp_path: Path) -> None:
    packed = bundle.build(project(tmp_path, '["net.bin", "weights"]'), tmp_path / "dist")
    assert names(packed) == {*CODE, "net.bin", "weights/big.bin"}


def test_a_folder_of_the_model_within_it_is_taken_as_it_is(tmp_path: Path) -> None:
    packed = bundle.build(project(tmp_path, '"weights/"'), tmp_path / "dist")
    assert names(packed) == {*CODE, "code/net.bin", "big.bin"}


@pytest.mark.parametrize("out", ["dist", "elsewhere"])
def test_what_is_written_there_does_not_change_the_bundle(tmp_path: Path, out: str) -> None:
    own = project(tmp_path, '["net.bin", "weights"]')
    first = bundle.build(own, tmp_path / out)
    for name in ("rehearsal-report", "rehearsal-bench", ".rehearsal"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_text("{}")
    assert bundle.build(own, tmp_path / out).sha256 == first.sha256


def test_cases_are_no_part_of_the_handler(tmp_path: Path) -> None:
    own = project(tmp_path, '["net.bin", "weights"]')
    first = bundle.build(own, tmp_path / "dist")
    (tmp_path / "rose.jpg").write_text("rose")
    (tmp_path / "rose.schema.json").write_text("{}")
    case = '[[case]]\nfile = "rose.jpg"\nexpect.json_schema = "rose.schema.json"\n'
    own.path.write_text(own.path.read_text() + case)
    assert bundle.build(config.load(own.path), tmp_path / "dist").sha256 == first.sha256


def test_it_is_the_same_from_within_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = bundle.build(project(tmp_path, '["net.bin", "weights"]'), tmp_path / "dist")
    monkeypatch.chdir(tmp_path)
    assert bundle.build(config.load(Path(config.FILE_NAME)), Path("dist")).sha256 == named.sha256


def test_the_whole_folder_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="move the model out"):
        bundle.build(project(tmp_path, '"."'), tmp_path / "dist")


def test_in_a_folder_of_its_own_a_handler_is_packed_whole(tmp_path: Path) -> None:
    own = project(tmp_path / "src", '["net.bin"]')
    (tmp_path / "net.bin").write_text("model")
    text = own.path.read_text().replace('source = "."', 'source = "src"')
    (tmp_path / config.FILE_NAME).write_text(text)
    packed = bundle.build(config.load(tmp_path / config.FILE_NAME), tmp_path / "dist")
    assert names(packed) == {*CODE, "net.bin", "code/net.bin", "code/weights/big.bin", f"code/{config.FILE_NAME}"}


def test_a_recorded_answer_is_no_part_of_the_handler(tmp_path: Path) -> None:
    own = project(tmp_path, '["net.bin", "weights"]')
    first = bundle.build(own, tmp_path / "dist")
    own.path.write_text(own.path.read_text() + '[[case]]\nfile = "rose.jpg"\nexpect.golden = "g.json"\n')
    for name in ("rose.jpg", "g.json", "g.body.npy", "rose.jpg.golden.json", "rose.jpg.golden.body.png"):
        (tmp_path / name).write_text(name)
    assert bundle.build(config.load(own.path), tmp_path / "dist").sha256 == first.sha256
