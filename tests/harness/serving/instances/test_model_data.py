"""Model archives are unpacked whole or refused with the cause; nothing is ever written outside."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import ModelDataError
from harness.core.state import remove_tree
from harness.serving.instances.model_data import Bounds, fetch_model_data, make_read_only, split_s3_url, unpack
from tests.harness.serving.archives import archive, s3_with, special

FILES: dict[str, str | bytes] = {
    "model.pth": b"w" * 3_000_000,
    "model.json": "{}",
    "code/inference.py": "x = 1\n",
    "code/a/b.py": "",
}
UNBOUNDED = Bounds()


def unpack_bytes(data: bytes, target: Path, bounds: Bounds = UNBOUNDED) -> int:
    return unpack(io.BytesIO(data), target, source="s3://b/model.tar.gz", bounds=bounds).files


def test_an_archive_is_unpacked_whole_with_its_digest(tmp_path: Path) -> None:
    data = archive(FILES)
    found = fetch_model_data(s3_with(model=data), "s3://models/model", tmp_path / "model")
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert (found.archive_size_bytes, found.files) == (len(data), 4)
    for name, content in FILES.items():
        expected = content.encode() if isinstance(content, str) else content
        assert (tmp_path / "model" / name).read_bytes() == expected


def test_the_digest_covers_what_follows_the_archive(tmp_path: Path) -> None:
    data = archive({"a": "1"}) + gzip.compress(b"\0" * 4096) + b"\0" * 100
    found = unpack(io.BytesIO(data), tmp_path / "m", source="s3://b/k")
    assert found.sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("name", "member", "says"),
    [
        ("absolute", special("/etc/cron.d/x", tarfile.REGTYPE), "points outside"),
        ("parent", special("../x", tarfile.REGTYPE), "points outside"),
        ("inner parent", special("code/../../x", tarfile.REGTYPE), "points outside"),
        ("parent folder", special("..", tarfile.DIRTYPE), "points outside"),
        ("windows", special("..\\x", tarfile.REGTYPE), "points outside"),
        ("symbolic link", special("model.pth", tarfile.SYMTYPE, "/etc/passwd"), "is a link to '/etc/passwd'"),
        ("inner symbolic link", special("a", tarfile.SYMTYPE, "b"), "is a link"),
        ("hard link", special("model.pth", tarfile.LNKTYPE, "../../x"), "is a link"),
        ("device", special("null", tarfile.CHRTYPE), "neither a file nor a folder"),
        ("block device", special("sda", tarfile.BLKTYPE), "neither a file nor a folder"),
        ("pipe", special("pipe", tarfile.FIFOTYPE), "neither a file nor a folder"),
    ],
)
def test_an_attack_is_refused_by_name(tmp_path: Path, name: str, member: tarfile.TarInfo, says: str) -> None:
    target = tmp_path / "outer" / "model"
    with pytest.raises(ModelDataError, match=r"s3://b/model\.tar\.gz is unsafe: .*") as caught:
        unpack_bytes(archive({"good": "1"}, [member]), target)
    assert says in str(caught.value), name
    assert [path.name for path in (tmp_path / "outer").rglob("*")] == ["model", "good"]


def test_a_link_then_a_file_through_it_cannot_escape(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    data = archive({}, [special("d", tarfile.SYMTYPE, str(victim)), special("d/x", tarfile.REGTYPE)])
    with pytest.raises(ModelDataError, match="is a link"):
        unpack_bytes(data, tmp_path / "model")
    assert list(victim.iterdir()) == []


@settings(max_examples=150, deadline=None)
@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
    | st.sampled_from(["a/./b", "./a", "a//b", "//a", "a/.."])
)
def test_any_name_lands_below_the_target_or_nowhere(name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        outer = Path(folder)
        target = outer / "in" / "model"
        member = special(name, tarfile.REGTYPE)
        with contextlib.suppress(ModelDataError):
            unpack_bytes(archive({"sentinel": "1"}, [member]), target)
        assert [path for path in outer.rglob("*") if not path.is_relative_to(outer / "in")] == []
        assert list((outer / "in").iterdir()) == [target]


def test_more_than_the_bounds_is_refused_before_it_is_written(tmp_path: Path) -> None:
    bomb = archive({"zeros": b"\0" * 5_000_000})
    with pytest.raises(ModelDataError, match="unpacks to more than 4000000 bytes"):
        unpack_bytes(bomb, tmp_path / "a", Bounds(size_bytes=4_000_000))
    assert list((tmp_path / "a").iterdir()) == []
    with pytest.raises(ModelDataError, match="more than 3 members"):
        unpack_bytes(archive({str(number): "" for number in range(4)}), tmp_path / "b", Bounds(members=3))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "ends in the middle|not a gzipped tar|empty"),
        (b"no archive at all", "not a gzipped tar archive"),
        (gzip.compress(b"not tar" * 1000), "not a gzipped tar archive"),
        (archive({}), "is empty: it holds no file"),
        (archive(FILES)[:1500], "ends in the middle|damaged"),
        (archive(FILES)[:-6], "ends in the middle"),
        (archive(FILES)[:1000] + b"\xff" * 40 + archive(FILES)[1040:], "damaged"),
    ],
    # Named, since the bytes hold the second in which they were made, and every worker must find the same tests.
    ids=["nothing", "text", "gzip alone", "no file", "cut early", "cut late", "overwritten"],
)
def test_a_damaged_archive_says_so(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(ModelDataError, match=says) as caught:
        unpack_bytes(data, tmp_path / "m")
    assert "s3://b/model.tar.gz" in str(caught.value)


def test_a_file_where_a_folder_must_be_is_a_message(tmp_path: Path) -> None:
    with pytest.raises(ModelDataError, match="could not be unpacked"):
        unpack_bytes(archive({"code": "a file", "code/inference.py": ""}), tmp_path / "m")


def test_absent_model_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelDataError, match="could not find model data at s3://models/gone: S3 answers NoSuchKey"):
        fetch_model_data(s3_with(), "s3://models/gone", tmp_path / "m")


@pytest.mark.parametrize(
    "url", ["", "model.tar.gz", "https://b/k", "s3://", "s3://bucket", "s3://bucket/", "s3://b/prefix/"]
)
def test_what_is_no_object_address_is_refused(url: str) -> None:
    with pytest.raises(ModelDataError, match="must be s3://bucket/key"):
        split_s3_url(url)


def test_a_key_may_have_slashes() -> None:
    assert split_s3_url("s3://bucket/a/b//model.tar.gz") == ("bucket", "a/b//model.tar.gz")


def test_the_model_folder_becomes_read_only_and_can_still_be_removed(tmp_path: Path) -> None:
    target = tmp_path / "model"
    unpack_bytes(archive(FILES), target)
    make_read_only(target)
    modes = {path.stat().st_mode & 0o222 for path in [target, *target.rglob("*")]}
    assert modes == {0}
    remove_tree(target)
    assert not target.exists()
