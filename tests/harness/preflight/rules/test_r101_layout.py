"""R101, example by example: what is wrong, where, and what to do next."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.evidence import Finding
from harness import preflight
from tests.harness.preflight.archives import GOOD, packed, special, unpacked

HANDLER = b"def model_fn(model_dir): ...\n"


def only_finding(path: Path) -> Finding:
    (found,) = preflight.check(path)
    assert found.check == "R101"
    assert found.advice
    return found


@pytest.mark.parametrize(
    ("files", "where", "message"),
    [
        ({"inference.py": HANDLER, "model.pth": b"w"}, "inference.py", "looks for code/inference.py"),
        ({"model/code/inference.py": HANDLER, "model/model.pth": b"w"}, "model/", "wrapped in one folder"),
        ({"code/src/inference.py": HANDLER, "model.pth": b"w"}, "code/src/inference.py", "looks for code/inference.py"),
        ({"code/handler.py": HANDLER, "model.pth": b"w"}, "code/", "holds no inference.py"),
        ({"config.json": b"{}", "tokenizer/vocab.txt": b""}, "code/", "there is no code/inference.py"),
        ({}, None, "holds no file"),
    ],
)
def test_an_entry_point_in_the_wrong_place_is_one_error(
    tmp_path: Path, files: Mapping[str, bytes], where: str | None, message: str
) -> None:
    (tmp_path / "model").mkdir()
    for path in (packed(tmp_path / "model.tar.gz", files), unpacked(tmp_path / "model", files)):
        found = only_finding(path)
        assert (found.severity, found.where) == ("error", where)
        assert message in found.message


def test_a_handler_alone_would_be_given_its_own_folder(tmp_path: Path) -> None:
    files = {"code/inference.py": HANDLER, "code/detector/net.py": b""}
    found = only_finding(packed(tmp_path / "model.tar.gz", files))
    assert (found.severity, found.where) == ("warning", "code/")
    assert "model_fn is given /opt/ml/model/code" in found.message
    assert preflight.check(packed(tmp_path / "marked.tar.gz", {**files, "no_model.txt": b""})) == ()


def test_a_wrapped_archive_is_told_how_to_be_packed(tmp_path: Path) -> None:
    found = only_finding(packed(tmp_path / "model.tar.gz", {"export/code/inference.py": HANDLER}))
    assert "tar -C export -czf model.tar.gz ." in (found.advice or "")


def test_metadata_of_macos_does_not_hide_the_wrapping_folder(tmp_path: Path) -> None:
    files = {"__MACOSX/export/._x": b"", "export/code/inference.py": HANDLER}
    messages = [found.message for found in preflight.check(packed(tmp_path / "model.tar.gz", files))]
    assert any("wrapped" in message for message in messages)


def test_a_model_alone_may_be_meant_for_the_toolkit_s_own_loader(tmp_path: Path) -> None:
    found = only_finding(packed(tmp_path / "model.tar.gz", {"model.pt": b"w"}))
    assert found.severity == "warning"
    assert "TorchScript" in found.message


def test_an_entry_point_of_another_name_is_found_under_it(tmp_path: Path) -> None:
    path = packed(tmp_path / "model.tar.gz", {"code/serve.py": HANDLER, "model.pth": b"w"})
    assert preflight.check(path, entry_point="serve.py") == ()
    assert only_finding(path).where == "code/"


def test_names_that_begin_with_a_dot_and_a_slash_are_those_without(tmp_path: Path) -> None:
    assert preflight.check(packed(tmp_path / "model.tar.gz", {f"./{name}": data for name, data in GOOD.items()})) == ()


@pytest.mark.parametrize("name", ["/etc/passwd", "../outside", "code/../../outside", "code\\helper.py"])
def test_a_name_that_leaves_the_root_is_an_error(tmp_path: Path, name: str) -> None:
    path = packed(tmp_path / "model.tar.gz", GOOD, [special(name, tarfile.REGTYPE)])
    found = only_finding(path)
    assert found.severity == "error"
    assert "points outside" in found.message


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (tarfile.SYMTYPE, "a link to /etc/passwd"),
        (tarfile.LNKTYPE, "a link to /etc/passwd"),
        (tarfile.CHRTYPE, "neither a file nor a folder"),
        (tarfile.FIFOTYPE, "neither a file nor a folder"),
    ],
)
def test_links_and_devices_are_errors(tmp_path: Path, kind: bytes, message: str) -> None:
    found = only_finding(packed(tmp_path / "model.tar.gz", GOOD, [special("code/x", kind, "/etc/passwd")]))
    assert (found.severity, found.where) == ("error", "code/x")
    assert message in found.message


def test_a_link_in_a_folder_is_an_error_and_is_not_followed(tmp_path: Path) -> None:
    folder = unpacked(tmp_path / "model")
    (folder / "loop").symlink_to(folder)
    assert only_finding(folder).where == "loop"


@pytest.mark.parametrize("name", ["__MACOSX/._model.pth", "code/._inference.py", ".DS_Store"])
def test_metadata_of_macos_is_a_warning(tmp_path: Path, name: str) -> None:
    found = only_finding(packed(tmp_path / "model.tar.gz", {**GOOD, name: b""}))
    assert (found.severity, found.where) == ("warning", name)


@pytest.mark.parametrize("name", ["code/model.pth", "code/weights/best.PT", "code/model.safetensors"])
def test_weights_under_code_are_a_warning(tmp_path: Path, name: str) -> None:
    found = only_finding(packed(tmp_path / "model.tar.gz", {**GOOD, name: b"w"}))
    assert (found.severity, found.where) == ("warning", name)
    assert "model_dir" in (found.advice or "")


def test_requirements_in_the_root_are_read_by_nobody(tmp_path: Path) -> None:
    found = only_finding(packed(tmp_path / "model.tar.gz", {**GOOD, "requirements.txt": b""}))
    assert (found.severity, found.where) == ("warning", "requirements.txt")


def test_an_archive_of_another_name_is_an_error(tmp_path: Path) -> None:
    found = only_finding(packed(tmp_path / "model.tgz"))
    assert (found.severity, found.where) == ("error", "model.tgz")


def test_many_of_a_kind_are_counted_not_listed(tmp_path: Path) -> None:
    files = {**GOOD, **{f"._{number}": b"" for number in range(300)}}
    found = preflight.check(packed(tmp_path / "model.tar.gz", files))
    assert len(found) == 21
    assert "280 more" in found[-1].message
