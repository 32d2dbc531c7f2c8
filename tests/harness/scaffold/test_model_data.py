"""`[model] data` is guessed so that the archive's root is what `model_fn` expects."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.scaffold.looking import look
from harness.scaffold.model_data import model_data
from tests.harness.scaffold.folders import folder


def handler(*names: str) -> str:
    return f"NAMES = {names!r}\ndef model_fn(model_dir): ...\n"


@pytest.mark.parametrize(
    ("files", "data"),
    [
        ({"code/inference.py": handler("net.pth"), "model/net.pth": ""}, ("model/",)),
        ({"code/inference.py": handler(), "model/net.pth": "", "model/config.json": ""}, ("model/",)),
        ({"model/code/inference.py": handler("labels.txt"), "model/net.pth": "", "model/labels.txt": ""},
         ("model/labels.txt", "model/net.pth")),
        ({"code/inference.py": handler("net.pth"), "net.pth": "", "other.txt": ""}, ("net.pth",)),
        ({"code/inference.py": handler("labels.txt"), "net.pth": "", "labels.txt": ""}, ("labels.txt", "net.pth")),
        ({"code/inference.py": handler("weights/best.pt"), "weights/best.pt": ""}, ("weights",)),
        ({"code/inference.py": handler("my-bert"), "model/my-bert/model.safetensors": ""}, ("model/",)),
        ({"code/inference.py": handler("labels.json"), "model/labels.json": ""}, ("model/",)),
        ({"code/inference.py": handler(), "code/lib/load.py": "F = 'a.npz'", "model/a.npz": ""}, ("model/",)),
        ({"code/inference.py": handler("labels.json"), "code/labels.json": ""}, ()),
        ({"code/inference.py": handler(), "code/net.pth": ""}, ()),
        ({"code/inference.py": handler(), "a/one.pt": "", "b/two.pt": ""}, ("a/one.pt", "b/two.pt")),
        ({"inference.py": handler("net.pth"), "net.pth": "", "notes.txt": ""}, ("net.pth",)),
        ({"code/inference.py": handler()}, ()),
    ],
)  # fmt: skip
def test_data_is_a_folder_of_its_own_or_the_files(tmp_path: Path, files: dict[str, str], data: tuple[str, ...]) -> None:
    seen = look(folder(tmp_path, files))
    assert model_data(seen, seen.entries[0]) == data
