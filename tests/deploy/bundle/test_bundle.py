"""What is in model.tar.gz, and that nothing but names and contents decides its bytes."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import random
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy import bundle
from deploy.bundle import archive
from deploy.bundle.archive import Member
from deploy.core.digests import digest_of_file
from deploy.core.errors import ConfigurationError, DeployError
from tests.deploy.projects import state_dict_bytes, write_bundle, write_project


def contents(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]  # all are files


def test_the_archive_holds_exactly_weights_spec_and_handler(tmp_path: Path) -> None:
    _, built = write_bundle(tmp_path, of_the_flagship=False)
    assert contents(built.path) == {
        "code/detector/__init__.py": b"",
        "code/inference.py": b"def model_fn(model_dir): ...\n",
        "model.json": b'{"schema": "rehearsal.model/1"}\n',
        "model.pth": state_dict_bytes(),
    }
    assert list(contents(built.path)) == sorted(contents(built.path))


def test_members_carry_no_time_owner_or_mode_of_the_machine(tmp_path: Path) -> None:
    _, built = write_bundle(tmp_path)
    with tarfile.open(built.path) as tar:
        assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in tar} == {(0, 0, 0, "", "", 0o644)}


def test_times_modes_and_leftovers_do_not_change_the_digest(tmp_path: Path) -> None:
    project, built = write_bundle(tmp_path)
    source = project.handler.source
    os.utime(source / "inference.py", (1, 1))
    (source / "inference.py").chmod(0o755)
    (source / "__pycache__").mkdir()
    for leftover in ("__pycache__/inference.cpython-311.pyc", ".DS_Store", "inference.py~", ".inference.py.swp", "#x#"):
        (source / leftover).write_text("leftover")
    (source / ".git").mkdir()
    (source / ".git" / "link").symlink_to("/nowhere")
    assert bundle.build(project, tmp_path / "again").sha256 == built.sha256


def test_another_byte_anywhere_changes_the_digest(tmp_path: Path) -> None:
    _, first = write_bundle(tmp_path)
    (tmp_path / "handler" / "detector" / "__init__.py").write_text("#")
    project = write_project(tmp_path / "other")
    (project.handler.source / "detector" / "__init__.py").write_text("#")
    assert bundle.build(project, tmp_path / "again").sha256 != first.sha256


def test_the_digest_is_the_same_in_other_years_versions_and_locales(tmp_path: Path) -> None:
    """Written down once: a change here makes every evidence ever recorded speak of another bundle."""
    (tmp_path / "a.txt").write_bytes(b"alpha")
    (tmp_path / "b.txt").write_bytes(b"beta")
    out = io.BytesIO()
    packed = archive.pack([Member("ü.txt", tmp_path / "b.txt"), Member("a.txt", tmp_path / "a.txt")], out)
    assert packed.sha256 == "6a4724a894a5170e26db0ed957490f4ad99e9a35ed4b54bf31f747cc8677ad37"
    assert packed.sha256 == hashlib.sha256(out.getvalue()).hexdigest()


FILES = st.dictionaries(
    st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=120)
    .filter(lambda name: name not in (".", "..")),
    st.binary(max_size=300_000),
    min_size=1,
    max_size=4,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(files=FILES, seed=st.integers())
def test_packing_is_a_function_of_names_and_contents_and_unpacks_to_them(
    files: dict[str, bytes], seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("members")
    members = []
    for number, (name, data) in enumerate(files.items()):
        (folder / str(number)).write_bytes(data)
        members.append(Member(f"code/{name}", folder / str(number)))
    first, second = io.BytesIO(), io.BytesIO()
    packed = archive.pack(members, first)
    random.Random(seed).shuffle(members)  # noqa: S311  # an order, not a secret
    archive.pack(members, second)
    assert first.getvalue() == second.getvalue()
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(first.getvalue()))) as tar:
        unpacked = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]  # all are files
    assert unpacked == {f"code/{name}": data for name, data in files.items()}
    assert {file.path: file.sha256 for file in packed.files} == {
        name: hashlib.sha256(data).hexdigest() for name, data in unpacked.items()
    }


@pytest.mark.parametrize("size", [0, 1, 65534, 65535, 65536, 65535 * 16, 65535 * 16 + 1, 3_000_000])
def test_every_size_around_the_block_limits_unpacks(tmp_path: Path, size: int) -> None:
    data = random.Random(size).randbytes(size)  # noqa: S311  # contents, not a secret
    (tmp_path / "weights").write_bytes(data)
    out = io.BytesIO()
    packed = archive.pack([Member("model.pth", tmp_path / "weights")], out)
    assert packed.size_bytes == len(out.getvalue())
    with tarfile.open(fileobj=io.BytesIO(out.getvalue()), mode="r:gz") as tar:
        assert tar.extractfile("model.pth").read() == data  # type: ignore[union-attr]  # it is a file


@pytest.mark.skipif(not shutil.which("tar") or not shutil.which("gzip"), reason="needs GNU tar and gzip")
def test_the_tools_of_the_container_read_the_archive(tmp_path: Path) -> None:
    _, built = write_bundle(tmp_path)
    subprocess.run(["gzip", "-t", built.path], check=True)
    listed = subprocess.run(["tar", "tzf", built.path], check=True, capture_output=True, text=True)
    assert listed.stdout.splitlines() == [file.path for file in built.manifest.files]


def test_the_manifest_names_every_file_and_the_digests_of_handler_and_weights(tmp_path: Path) -> None:
    _, built = write_bundle(tmp_path)
    document = json.loads(built.manifest_path.read_text())
    assert document["schema"] == "rehearsal.bundle/1"
    assert document["sha256"] == digest_of_file(built.path) == built.sha256
    assert document["size_bytes"] == built.path.stat().st_size
    assert document["weights_sha256"] == digest_of_file(tmp_path / "weights.pth")
    assert document["weights_origin"] == "weights.pth"
    assert [file["path"] for file in document["files"]] == list(contents(built.path))
    assert document["git"] is None


def test_the_handlers_digest_follows_the_handler_alone(tmp_path: Path) -> None:
    _, first = write_bundle(tmp_path / "one", seed=0)
    _, second = write_bundle(tmp_path / "two", seed=1)
    assert first.manifest.handler_sha256 == second.manifest.handler_sha256
    assert first.manifest.weights_sha256 != second.manifest.weights_sha256


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_the_manifest_says_which_commit_and_whether_it_was_changed(tmp_path: Path) -> None:
    project = write_project(tmp_path)
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "all", "--no-gpg-sign"]):
        subprocess.run([*git, *command], check=True)
    clean = bundle.build(project, tmp_path.parent / f"{tmp_path.name}-dist").manifest.git
    (project.handler.source / "inference.py").write_text("changed")
    dirty = bundle.build(project, tmp_path.parent / f"{tmp_path.name}-dist").manifest.git
    assert clean is not None
    assert dirty is not None
    assert (clean.dirty, dirty.dirty) == (False, True)
    assert len(clean.commit) == 40


def test_a_bundle_read_back_equals_the_one_built(tmp_path: Path) -> None:
    _, built = write_bundle(tmp_path)
    assert bundle.read(built.path) == built


def test_a_bundle_changed_after_it_was_built_is_refused(tmp_path: Path) -> None:
    _, built = write_bundle(tmp_path)
    built.path.write_bytes(built.path.read_bytes() + b"\0")
    with pytest.raises(ConfigurationError, match="replaced or damaged"):
        bundle.read(built.path)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"schema": "rehearsal.bundle/1"}', '{"schema": "rehearsal.bundle/9"}']
)
def test_a_file_that_is_no_manifest_is_refused(tmp_path: Path, text: str) -> None:
    _, built = write_bundle(tmp_path)
    built.manifest_path.write_text(text)
    with pytest.raises(ConfigurationError, match="deploy bundle"):
        bundle.read(built.path)


def test_a_symbolic_link_in_the_handler_is_refused(tmp_path: Path) -> None:
    project = write_project(tmp_path)
    (project.handler.source / "shared.py").symlink_to(tmp_path / "model.json")
    with pytest.raises(ConfigurationError, match=r"shared\.py is a symbolic link"):
        bundle.build(project, tmp_path / "dist")


def test_a_pipe_in_the_handler_is_refused(tmp_path: Path) -> None:
    project = write_project(tmp_path)
    os.mkfifo(project.handler.source / "pipe")
    with pytest.raises(ConfigurationError, match="neither file nor folder"):
        bundle.build(project, tmp_path / "dist")


def test_a_handler_without_inference_py_is_refused(tmp_path: Path) -> None:
    project = write_project(tmp_path)
    (project.handler.source / "inference.py").unlink()
    with pytest.raises(ConfigurationError, match=r"holds no inference\.py"):
        bundle.build(project, tmp_path / "dist")


def test_a_missing_handler_spec_or_weights_is_named(tmp_path: Path) -> None:
    project = write_project(tmp_path)
    for name, missing in (
        ("model.json", "model.json"),
        ("handler", "is not a folder"),
        ("weights.pth", "does not exist"),
    ):
        path = tmp_path / name
        path.rename(tmp_path / "aside")
        with pytest.raises(ConfigurationError, match=missing):
            bundle.build(project, tmp_path / "dist")
        (tmp_path / "aside").rename(path)


def test_a_failed_build_leaves_the_older_bundle_and_no_scraps(tmp_path: Path) -> None:
    project, built = write_bundle(tmp_path)
    (project.handler.source / "inference.py").unlink()
    (project.handler.source / "inference.py").mkdir()
    with pytest.raises(ConfigurationError):
        bundle.build(project, tmp_path / "dist")
    assert bundle.read(built.path) == built
    assert sorted(path.name for path in built.path.parent.iterdir()) == ["model.tar.gz", "model.tar.gz.manifest.json"]


def test_an_unwritable_folder_is_said_so(tmp_path: Path) -> None:
    project = write_project(tmp_path)
    (tmp_path / "dist").write_text("a file where the folder should be")
    with pytest.raises(DeployError, match=r"dist.*: cannot write"):
        bundle.build(project, tmp_path / "dist")
