"""The cases of a project and of the command line, read before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy import config
from harness import cases
from harness.core.errors import ConfigurationError

PROJECT = '[project]\nname = "demo"\n[[case]]\nname = "rose"\nfile = "rose.jpg"\n'


def of_project(folder: Path, extra: str = "") -> tuple[cases.Case, ...]:
    path = folder / "rehearsal.toml"
    path.write_text(PROJECT + extra)
    return cases.of_project(config.load(path))


def test_a_case_is_sent_as_its_name_says_unless_the_project_says_more(tmp_path: Path) -> None:
    (tmp_path / "rose.jpg").write_bytes(b"x")
    (rose,) = of_project(tmp_path)
    assert (rose.clip.content_type, rose.accept, rose.kind, rose.expects) == (
        "image/jpeg", None, "project_case", "completed"
    )  # fmt: skip
    (rose,) = of_project(tmp_path, 'content_type = "application/x-image"\naccept = "text/csv"\n')
    assert (rose.clip.content_type, rose.accept) == ("application/x-image", "text/csv")


def test_a_file_that_is_missing_is_said_with_file_case_and_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        of_project(tmp_path)
    assert f"rehearsal.toml: [[case]] 'rose': file = {tmp_path}/rose.jpg is not there" in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(("content", "said"), [(None, "cannot be read"), ("{", "is not JSON"), ("[]", "is an object")])
def test_a_schema_that_is_none_is_refused_before_anything_starts(
    tmp_path: Path, content: str | None, said: str
) -> None:
    (tmp_path / "rose.jpg").write_bytes(b"x")
    if content is not None:
        (tmp_path / "a.json").write_text(content)
    with pytest.raises(ConfigurationError, match=r"\[\[case\]\] 'rose': expect.json_schema = .*a.json") as caught:
        of_project(tmp_path, 'expect.json_schema = "a.json"\n')
    assert said in str(caught.value)


def test_files_of_the_command_line_may_carry_their_type(tmp_path: Path) -> None:
    odd = tmp_path / "a:image" / "png"
    odd.parent.mkdir()
    odd.write_bytes(b"x")
    (tmp_path / "rose.jpg").write_bytes(b"x")
    plain, typed, colon = cases.of_files([f"{tmp_path}/rose.jpg", f"{tmp_path}/rose.jpg:image/x-raw", str(odd)])
    assert (plain.name, plain.clip.content_type) == ("rose.jpg", "image/jpeg")
    assert (typed.name, typed.clip.content_type) == ("rose.jpg (2)", "image/x-raw")
    assert (colon.name, colon.clip.content_type) == ("png", "application/octet-stream")


WRONG = {
    "no.jpg": "there is no file no.jpg",
    "no.jpg:image/png": "there is no file no.jpg",
    "{}/rose.jpg:jpeg": "'jpeg' is no content type",
}


@pytest.mark.parametrize(("given", "said"), WRONG.items())
def test_a_file_of_the_command_line_that_is_wrong_is_refused(tmp_path: Path, given: str, said: str) -> None:
    (tmp_path / "rose.jpg").write_bytes(b"x")
    with pytest.raises(ConfigurationError, match=said):
        cases.of_files([given.format(tmp_path)])


def test_probes_are_sent_as_the_good_case_is_and_are_the_same_every_time(tmp_path: Path) -> None:
    (tmp_path / "rose.jpg").write_bytes(b"x")
    (rose,) = of_project(tmp_path, 'accept = "text/csv"\ncustom_attributes = "k=1"\n')
    empty, random = cases.of_probes(tmp_path, rose)
    assert (empty.clip.size_bytes, random.clip.size_bytes) == (0, 4096)
    for probe in (empty, random):
        assert (probe.clip.content_type, probe.accept, probe.custom_attributes) == ("image/jpeg", "text/csv", "k=1")
        assert (probe.kind, probe.expects) == ("bad_input", "either")
    assert cases.of_probes(tmp_path, None)[1].clip.sha256 == random.clip.sha256
