"""Preflight as its callers see it: a path in, findings out, whatever lies at the path."""

from __future__ import annotations

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import preflight
from harness.core.errors import ConfigurationError
from tests.deploy.projects import write_bundle
from tests.harness.preflight.archives import GOOD, packed, unpacked

ROOM = Path(preflight.__file__).parent
# Any text, and any bytes as tarfile gives them: what is not UTF-8 becomes lone surrogates.
NAMES = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=120),
    st.binary(min_size=1, max_size=120).map(lambda name: name.replace(b"\0", b"?").decode("utf-8", "surrogateescape")),
)


def test_the_bundle_that_deploy_builds_has_no_findings(tmp_path: Path) -> None:
    _, built = write_bundle(tmp_path)
    assert preflight.check(built.path) == ()


def test_an_archive_and_the_folder_it_is_packed_from_are_judged_alike(tmp_path: Path) -> None:
    assert preflight.check(packed(tmp_path / "model.tar.gz")) == ()
    assert preflight.check(unpacked(tmp_path / "model")) == ()


def test_nothing_at_the_path_is_a_mistake_of_the_caller(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file or folder"):
        preflight.check(tmp_path / "model.tar.gz")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x1f\x8b", b"not an archive at all" * 100])
def test_what_is_no_archive_is_a_finding_with_the_next_step(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "model.tar.gz"
    path.write_bytes(content)
    (found,) = preflight.check(path)
    assert (found.check, found.severity, found.where) == ("R100", "error", "model.tar.gz")
    assert found.advice


def test_a_zip_named_like_an_archive_is_a_finding(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "model.tar.gz", "w") as file:
        file.writestr("code/inference.py", "")
    assert [found.check for found in preflight.check(tmp_path / "model.tar.gz")] == ["R100"]


@given(cut=st.integers(min_value=1, max_value=200))
def test_a_truncated_archive_is_a_finding_wherever_it_ends(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    path = packed(tmp_path_factory.mktemp("cut") / "model.tar.gz")
    whole = path.read_bytes()
    path.write_bytes(whole[: max(0, len(whole) - cut)])
    assert [found.check for found in preflight.check(path)] == ["R100"]


@given(place=st.integers(min_value=0), value=st.integers(min_value=0, max_value=255))
def test_a_damaged_byte_never_raises(tmp_path_factory: pytest.TempPathFactory, place: int, value: int) -> None:
    path = packed(tmp_path_factory.mktemp("damaged") / "model.tar.gz")
    data = bytearray(path.read_bytes())
    data[place % len(data)] = value
    path.write_bytes(data)
    preflight.check(path)


@given(names=st.lists(NAMES, max_size=8, unique=True))
def test_no_name_of_a_member_makes_it_raise(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    path = packed(tmp_path_factory.mktemp("names") / "model.tar.gz", {**GOOD, **dict.fromkeys(names, b"")})
    for found in preflight.check(path):
        assert found.message.isprintable()
        assert found.where is None or found.where.isprintable()


def test_every_rule_has_a_number_of_its_own_and_says_why() -> None:
    ids = [rule.id for rule in preflight.RULES]
    assert sorted(set(ids)) == ids
    for rule in preflight.RULES:
        assert preflight.rule(rule.id.lower()) is rule
        assert len(rule.summary) < 100
        assert rule.explanation
    with pytest.raises(ConfigurationError, match="R101"):
        preflight.rule("R999")


def test_every_module_of_a_rule_is_in_the_registry() -> None:
    modules = sorted(path.stem for path in (ROOM / "rules").glob("r[0-9]*.py"))
    assert modules == sorted(f"{rule.id.lower()}_{rule.name}" for rule in preflight.RULES)


def test_it_knows_no_model_and_loads_no_torch() -> None:
    seen = "import sys, harness.preflight; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", seen], capture_output=True, text=True, check=True).stdout.split()
    assert not {"torch", "cv2", "numpy", "docker", "boto3"} & set(loaded)
    allowed = {"harness.preflight", "harness.core", "harness.checks"}
    for path in ROOM.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        ours = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        strangers = [each for each in ours if each.startswith("harness.") and not each.startswith(tuple(allowed))]
        assert strangers == [], path
