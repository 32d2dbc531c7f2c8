"""What lies in the archive's root: any files of any handler, the flagship's two, or nothing."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from shutil import disk_usage

import pytest
import torch
from torch import nn

from deploy import bundle, config
from deploy.bundle import Bundle, model_files
from deploy.config import Project
from deploy.core.digests import digest_of, digest_of_file
from deploy.core.errors import ConfigurationError, DeployError
from tests.deploy.projects import state_dict_bytes

FLAGSHIP = "detector/model/architectures.py"


@pytest.fixture(autouse=True)
def nothing_is_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Path:
        raise DeployError("the COCO weights were asked for")

    monkeypatch.setattr("deploy.bundle.weights.download.coco_weights", refuse)


def project_of(
    folder: Path, *, toml: str = "", handler: str = "inference.py", files: dict[str, bytes] | None = None
) -> Project:
    """A project with a handler of one file, `files` beside it, and `toml` after its name."""
    contents = {f"src/{handler}": b"def model_fn(model_dir): ...\n", **(files or {})}
    for name, data in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    text = f'[project]\nname = "demo"\n[handler]\nsource = "src"\n{toml}'
    (folder / config.FILE_NAME).write_text(text)
    return config.load(folder / config.FILE_NAME)


def built(project: Project) -> Bundle:
    return bundle.build(project, project.root / "dist")


def names(project: Project) -> list[str]:
    return [file.path for file in built(project).manifest.files]


def refused(project: Project) -> str:
    with pytest.raises(ConfigurationError) as caught:
        built(project)
    return str(caught.value)


def torchscript() -> bytes:
    buffer = torch.jit.script(nn.Linear(2, 2)).save_to_buffer()  # type: ignore[no-untyped-call]  # torch's own
    return bytes(buffer)


def test_the_contents_of_a_folder_go_to_the_root_as_they_are(tmp_path: Path) -> None:
    """The shape of a transformers model: not one state_dict among its files."""
    files = {
        "model/config.json": b'{"model_type": "bert"}',
        "model/model.safetensors": b"\0" * 9,
        "model/tokenizer/vocab.txt": b"a\n",
        "model/model.pt": torchscript(),
        "model/.gitkeep": b"",
    }
    project = project_of(tmp_path, toml='[model]\ndata = "model/"\n', files=files)
    assert names(project) == [
        "code/inference.py", "config.json", "model.pt", "model.safetensors", "tokenizer/vocab.txt",
    ]  # fmt: skip
    manifest = built(project).manifest
    root = [[file.path, file.sha256] for file in manifest.files if not file.path.startswith("code/")]
    assert (manifest.weights_origin, manifest.weights_sha256) == ("model", digest_of(root))


def test_files_and_folders_of_a_list_keep_their_names(tmp_path: Path) -> None:
    files = {"a/config.json": b"{}", "b/weights/one.pt": b"1", "b/weights/two.pt": b"2"}
    project = project_of(tmp_path, toml='[model]\ndata = ["a/config.json", "b/weights"]\n', files=files)
    assert names(project) == ["code/inference.py", "config.json", "weights/one.pt", "weights/two.pt"]
    assert built(project).manifest.weights_origin == "config.json, weights"


def test_another_byte_of_any_file_of_the_model_changes_its_digest(tmp_path: Path) -> None:
    project = project_of(tmp_path, toml='[model]\ndata = "m"\n', files={"m/a.bin": b"1", "m/b.bin": b"2"})
    first = built(project).manifest
    (tmp_path / "m" / "b.bin").write_bytes(b"3")
    second = built(project).manifest
    assert first.weights_sha256 != second.weights_sha256
    assert first.handler_sha256 == second.handler_sha256


def test_a_handler_of_ones_own_that_names_no_model_gets_none(tmp_path: Path) -> None:
    """And a file in the root, without which TorchServe would take code/ for the model."""
    project = project_of(tmp_path)
    assert names(project) == ["code/inference.py", "no_model.txt"]
    assert built(project).manifest.weights_origin == "none"


@pytest.mark.parametrize("toml", ['weights = "coco"\nspec = "model.json"\n', 'spec = "model.json"\n'])
def test_coco_weights_of_another_network_are_refused_before_they_are_downloaded(tmp_path: Path, toml: str) -> None:
    spec = {"schema": "rehearsal.model/1", "architecture": "retinanet_resnet50_fpn", "num_classes": 91, "labels": {}}
    files = {f"src/{FLAGSHIP}": b"", "model.json": json.dumps(spec).encode()}
    said = refused(project_of(tmp_path, toml=f"[model]\n{toml}", files=files))
    assert "is of the architecture 'retinanet_resnet50_fpn', and the COCO weights" in said
    assert "are of maskrcnn_resnet50_fpn: name the model's own state_dict with weights" in said


@pytest.mark.parametrize("toml", ["", '[model]\nweights = "coco"\n', '[model]\nspec = "model.json"\n'])
def test_the_flagship_without_weights_gets_those_of_torchvision(tmp_path: Path, toml: str) -> None:
    files = {f"src/{FLAGSHIP}": b"", "model.json": b'{"schema": "rehearsal.model/1"}'}
    with pytest.raises(DeployError, match="the COCO weights were asked for"):
        built(project_of(tmp_path, toml=toml, files=files))


def test_the_flagships_two_files_may_be_listed_as_data(tmp_path: Path) -> None:
    files = {
        f"src/{FLAGSHIP}": b"",
        "m/model.pth": state_dict_bytes(),
        "m/model.json": b'{"schema": "rehearsal.model/1"}',
    }
    project = project_of(tmp_path, toml='[model]\ndata = "m"\n', files=files)
    assert built(project).manifest.weights_sha256 == digest_of_file(tmp_path / "m" / "model.pth")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"m/weights.bin": b"x"}, "which loads model.pth, and model.data has none"),
        ({"m/model.pth": b"x"}, "not a file of torch.save"),
        ({"m/model.pth": state_dict_bytes(), "m/model.json": b'{"model": "yolo"}'}, "no specification of a model of"),
        ({"m/model.pth": state_dict_bytes(), "m/model.json": b"[]"}, "no specification of a model of the flagship"),
        ({"m/model.pth": state_dict_bytes(), "m/model.json": b"\xff"}, "is no JSON document"),
    ],
)  # fmt: skip
def test_data_that_the_flagship_cannot_load_is_refused(tmp_path: Path, files: dict[str, bytes], said: str) -> None:
    assert said in refused(project_of(tmp_path, toml='[model]\ndata = "m"\n', files={f"src/{FLAGSHIP}": b"", **files}))


def test_a_model_json_of_another_handler_is_its_own_affair(tmp_path: Path) -> None:
    project = project_of(tmp_path, toml='[model]\ndata = "m"\n', files={"m/model.json": b'{"model": "yolo"}'})
    assert names(project) == ["code/inference.py", "model.json"]


def test_a_spec_that_is_not_ours_names_what_is_missing(tmp_path: Path) -> None:
    files = {"w.pth": state_dict_bytes(), "config.json": json.dumps({"model_type": "bert"}).encode()}
    project = project_of(tmp_path, toml='[model]\nweights = "w.pth"\nspec = "config.json"\n', files=files)
    assert 'lacks "schema": "rehearsal.model/1"' in refused(project)


@pytest.mark.parametrize(
    ("data", "files", "said"),
    [
        ('"gone"', {}, "gone (model.data in"),
        ('"m"', {"m/.hidden": b""}, "holds no file, hidden ones aside"),
        ('"m"', {"m/code/inference.py": b"", "m/w.pt": b""}, "would put it into code/, the handler's place"),
        ('["code"]', {"code/w.pt": b""}, "would put it into code/, the handler's place"),
        ('["a/w.pt", "b/w.pt"]', {"a/w.pt": b"1", "b/w.pt": b"2"}, "both w.pt in the archive's root"),
        ('"src"', {}, "lies in"),
        ('"src/w"', {"src/w/w.pt": b"1"}, "move the model out of the handler's folder"),
        ('["src/w.pt"]', {"src/w.pt": b"1"}, "move the model out of the handler's folder"),
        ('"."', {}, "keep handler and model in folders beside each other"),
        ('"x/.."', {"x/w.pt": b"1"}, "keep handler and model in folders beside each other"),
    ],
)  # fmt: skip
def test_a_model_in_the_wrong_place_is_refused_with_the_right_one(
    tmp_path: Path, data: str, files: dict[str, bytes], said: str
) -> None:
    assert said in refused(project_of(tmp_path, toml=f"[model]\ndata = {data}\n", files=files))


def linked(path: Path) -> None:
    path.symlink_to("/elsewhere/w.pt")


def piped(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize("data", ['"m"', '"m/w.pt"', '["m"]', '["m/w.pt"]'])
@pytest.mark.parametrize(
    ("make", "said"), [(linked, "is a symbolic link to /elsewhere/w.pt"), (piped, "neither file nor folder")]
)
def test_links_and_pipes_are_refused(tmp_path: Path, data: str, make: Callable[[Path], None], said: str) -> None:
    project = project_of(tmp_path, toml=f"[model]\ndata = {data}\n", files={"m/config.json": b"{}"})
    make(tmp_path / "m" / "w.pt")
    assert said in refused(project)


def test_a_disk_that_is_too_small_is_told_before_anything_is_written(tmp_path: Path) -> None:
    project = project_of(tmp_path, toml='[model]\ndata = "m"\n', files={"m/w.bin": b""})
    os.truncate(tmp_path / "m" / "w.bin", disk_usage(tmp_path).free + (1 << 33))  # a hole: it takes no room itself
    with pytest.raises(DeployError, match=r"the archive will have [\d.]+ GB, and [\d.]+ GB are free there"):
        built(project)
    assert not (tmp_path / "dist").exists()


def test_a_handler_is_the_flagship_by_its_table_of_architectures(tmp_path: Path) -> None:
    own, flagship = project_of(tmp_path / "a"), project_of(tmp_path / "b", files={f"src/{FLAGSHIP}": b""})
    assert not model_files.has_flagship_handler(own.handler.source)
    assert model_files.has_flagship_handler(flagship.handler.source)
    assert model_files.has_flagship_handler(Path(__file__).parents[3] / "handler")


def test_an_entry_point_of_another_name_is_packed_and_written_down(tmp_path: Path) -> None:
    project = project_of(tmp_path, handler="predictor.py", toml='entry_point = "predictor.py"\n')
    assert names(project)[0] == "code/predictor.py"
    assert (built(project).manifest.entry_point, built(project).manifest.stack) == ("predictor.py", "torchserve")


def test_a_missing_entry_point_names_the_files_that_are_there(tmp_path: Path) -> None:
    said = refused(project_of(tmp_path, handler="predictor.py"))
    assert "src holds no inference.py" in said
    assert "it has predictor.py: name the one that defines it with [handler] entry_point" in said


def test_a_manifest_of_before_reads_as_what_it_meant(tmp_path: Path) -> None:
    made = built(project_of(tmp_path))
    document = json.loads(made.manifest_path.read_text())
    for key in ("entry_point", "stack"):
        del document[key]
    made.manifest_path.write_text(json.dumps(document))
    assert bundle.read(made.path) == made
