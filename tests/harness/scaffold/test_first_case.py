"""The first case is a file that the handler takes, or the one that was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.core.errors import ConfigurationError
from harness.scaffold.first_case import FirstCase, asked, found
from harness.scaffold.functions import Functions
from harness.scaffold.looking import look
from tests.harness.scaffold.folders import MODEL_ONLY, TRIO, folder

INPUTS = {"samples/a.json": "{}", "samples/b.jpg": "", "samples/c.wav": ""}


def test_the_type_that_input_fn_names_decides(tmp_path: Path) -> None:
    seen = look(folder(tmp_path, {"code/inference.py": TRIO, **INPUTS}))
    assert found(seen, seen.entries[0]) == (FirstCase("b", "samples/b.jpg", "image/jpeg"),)


def test_a_family_of_types_is_understood(tmp_path: Path) -> None:
    text = 'def input_fn(body, kind):\n    assert kind.startswith("audio/")\n'
    seen = look(folder(tmp_path, {"code/inference.py": text, **INPUTS}))
    assert found(seen, seen.entries[0]) == (FirstCase("c", "samples/c.wav", "audio/wav"),)


def test_the_containers_own_input_fn_takes_json_csv_and_npy_only(tmp_path: Path) -> None:
    seen = look(folder(tmp_path, {"code/inference.py": MODEL_ONLY, "samples/a.jpg": "", "samples/b.csv": ""}))
    assert found(seen, seen.entries[0]) == (FirstCase("b", "samples/b.csv", "text/csv"),)


def test_without_a_file_that_fits_there_is_no_case(tmp_path: Path) -> None:
    seen = look(folder(tmp_path, {"code/inference.py": MODEL_ONLY, "samples/a.jpg": ""}))
    assert found(seen, seen.entries[0]) == ()


def test_an_answer_that_is_no_json_is_asked_for_by_its_type(tmp_path: Path) -> None:
    text = 'def input_fn(body, kind): ...\ndef output_fn(answer, accept):\n    return b"", "application/x-npy"\n'
    seen = look(folder(tmp_path, {"code/inference.py": text, "samples/b.jpg": ""}))
    assert found(seen, seen.entries[0])[0].accept == "application/x-npy"


def test_a_file_that_is_asked_for_is_named_from_the_project(tmp_path: Path) -> None:
    folder(tmp_path, {"in/a.bin": "", "other/a.jpg": "", "project/x": ""})
    given = (f"{tmp_path}/in/a.bin:image/png", f"{tmp_path}/other/a.jpg")
    cases = asked(tmp_path / "project", given, Functions())
    assert [(each.file, each.content_type) for each in cases] == [
        ("../in/a.bin", "image/png"),
        ("../other/a.jpg", "image/jpeg"),
    ]
    assert len({each.name for each in cases}) == 2


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"--case .*: .* is no file"):
        asked(tmp_path, (f"{tmp_path}/rose.jpg",), Functions())
