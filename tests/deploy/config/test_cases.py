"""`[[case]]` of rehearsal.toml: what it means, and what is refused with the case and the key."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from deploy import config
from deploy.config.case_sections import About
from deploy.config.toml_schema import toml_schema
from tests.deploy.config.test_config import MINIMAL, refused, write

WHOLE = """
[[case]]
name = "rose"
file = "cases/rose.jpg"
content_type = "image/jpeg"
accept = "application/json"
custom_attributes = "top_k=3"
expect.json_schema = "cases/answer.schema.json"
expect.json = { "/label" = "rose", "/score" = { about = 0.93, within = 0.02 }, "/box" = { x = 1 } }
expect.golden = "cases/rose.golden.json"
expect.golden_tolerance = { score = 0.05, rtol = 0 }
expect.max_seconds = 2

[[case]]
file = "cases/notes.txt"
expect.status = "failed"
expect.code = 400
"""


def test_a_case_says_what_is_sent_and_what_must_come_back(tmp_path: Path) -> None:
    rose, notes = config.load(write(tmp_path, MINIMAL + WHOLE)).cases
    assert (rose.title, rose.file) == ("rose", tmp_path / "cases/rose.jpg")
    assert rose.expect.json_schema == tmp_path / "cases/answer.schema.json"
    assert rose.expect.json_ == {"/label": "rose", "/score": About(about=0.93, within=0.02), "/box": {"x": 1}}
    assert rose.expect.golden == tmp_path / "cases/rose.golden.json"
    assert (notes.title, notes.expect.status, notes.expect.code) == ("notes.txt", "failed", 400)


def test_the_published_schema_takes_it(tmp_path: Path) -> None:
    jsonschema.validate(tomllib.loads(MINIMAL + WHOLE), toml_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(MINIMAL + '[[case]]\nfille = "x"\n'), toml_schema())
    assert '"case"' in json.dumps(toml_schema()["properties"]["env"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('name = "q"', "[[case]] 'q': file is missing: add it"),
        ('file = "a"\nfiel = 1', "[[case]] 'a': fiel is not a known key; did you mean file?"),
        ('file = "a"\nexpect.jsn = {}', "[[case]] 'a': expect.jsn is not a known key; did you mean json?"),
        ('file = "a"\nexpect.json = { "label" = 1 }', "[[case]] 'a': expect.json.label is refused: it must be a JSON"),
        ('file = "a"\nexpect.json = { "/x~2" = 1 }', "expect.json./x~2 is refused: it must be a JSON pointer"),
        ('file = "a"\nexpect.json = { "/x" = nan }', "expect.json./x = nan is refused: JSON has no such number"),
        ('file = "a"\ncontent_type = "jpeg"', "content_type = 'jpeg' is refused: it must be a content type, such as"),
        ('file = "a"\ncustom_attributes = "ä"', "custom_attributes = 'ä' is refused: it must be printable ASCII"),
        ('file = "a"\nexpect.code = 400', "write expect.status = 'failed' beside it"),
        ('file = "a"\nexpect.status = "failed"\nexpect.json = { "/x" = 1 }', "a request that must fail has no answer"),
        ('file = "a"\nexpect.golden_tolerance = { score = 0.1 }', "name its file with expect.golden"),
        (
            'file = "a"\nexpect.golden = "g"\nexpect.golden_tolerance = { scor = 1 }',
            "expect.golden_tolerance.scor is not",
        ),
        ('file = "a"\nexpect.golden = "g"\nexpect.golden_tolerance = { rtol = nan }', "must be a finite number"),
        ('file = "a"\nexpect.status = "faild"', "expect.status = 'faild' is refused: it must be 'completed' or"),
        ("", "[[case]] number 1: file is missing: add it"),
    ],
)
def test_what_is_wrong_is_said_with_the_case_and_the_key(tmp_path: Path, text: str, said: str) -> None:
    message = refused(tmp_path, f"{MINIMAL}[[case]]\n{text}\n")
    assert said in message
    assert message.startswith(str(tmp_path / "rehearsal.toml"))


def test_tolerances_are_the_projects_with_those_of_the_case_laid_over_them(tmp_path: Path) -> None:
    project = config.load(write(tmp_path, MINIMAL + "[golden]\nscore = 0.02\natol = 0.5\n" + WHOLE))
    allowed = project.golden.overlaid(project.cases[0].expect.golden_tolerance)
    assert (allowed.score, allowed.rtol, allowed.atol, allowed.box_pixels) == (0.05, 0, 0.5, 1.0)
    assert project.golden.overlaid(None) == project.golden


def test_the_schema_describes_the_keys_of_a_case() -> None:
    keys = toml_schema()["$defs"]["ExpectSection"]["properties"]
    assert "`harness golden record` writes it" in keys["golden"]["description"]
    assert keys["json"]["description"].startswith("JSON pointer = value")


def test_two_cases_of_one_name_are_refused(tmp_path: Path) -> None:
    twice = '[[case]]\nfile = "a/rose.jpg"\n[[case]]\nfile = "b/rose.jpg"\n'
    assert "two cases are called 'rose.jpg': give each a name of its own" in refused(tmp_path, MINIMAL + twice)


def test_cases_do_not_change_what_runs_and_the_mode_does(tmp_path: Path) -> None:
    plain, cases, realtime = (
        config.load(write(tmp_path, MINIMAL + text)).digest() for text in ("", WHOLE, '[endpoint]\nmode = "realtime"\n')
    )
    assert plain == cases != realtime


def test_two_cases_of_one_golden_are_refused(tmp_path: Path) -> None:
    twice = '[[case]]\nfile = "a"\nexpect.golden = "g"\n[[case]]\nfile = "b"\nexpect.golden = "g"\n'
    assert "two cases have the golden g: give each a file of its own" in refused(tmp_path, MINIMAL + twice)
