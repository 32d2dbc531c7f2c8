"""An answer beside what a case expects of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy import expectations
from deploy.config.case_sections import ExpectSection
from deploy.core.errors import ConfigurationError
from deploy.evidence import Finding

ANSWER = {"label": "rose", "score": 0.93, "boxes": [{"x": 1}, {"x": 2}], "a/b": True, "m~n": None}


def judge(
    expected: dict[str, Any], answer: object = ANSWER, content_type: str = "application/json", accept: str | None = None
) -> tuple[Finding, ...]:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    expect = ExpectSection.model_validate(expected, strict=False)
    return expectations.judge(body, content_type, expect=expect, accept=accept)


def said(expected: dict[str, Any], answer: object = ANSWER) -> str:
    return "; ".join(finding.message for finding in judge(expected, answer))


@pytest.mark.parametrize(
    "wanted",
    [
        {"/label": "rose"},
        {"/score": 0.93},
        {"/score": {"about": 0.95, "within": 0.02}},
        {"/boxes/1/x": 2},
        {"/boxes": [{"x": 1}, {"x": 2.0}]},
        {"/a~1b": True},
        {"/m~0n": None},
        {"": ANSWER},
    ],
)
def test_what_is_as_expected_is_no_finding(wanted: dict[str, Any]) -> None:
    assert judge({"json": wanted}) == ()


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"/label": "lily"}, '/label: "rose", expected is "lily"'),
        ({"/score": 0.9}, "/score: 0.93, expected is 0.9"),
        ({"/score": {"about": 0.9, "within": 0.02}}, "/score: 0.93, expected is 0.9 within 0.02"),
        ({"/label": {"about": 1.0, "within": 9.0}}, '/label: "rose", expected is 1 within 9'),
        ({"/boxes/2/x": 1}, "/boxes/2/x: /boxes is a list of 2 and has no item '2'"),
        ({"/boxes/01/x": 1}, "/boxes is a list of 2 and has no item '01'"),
        ({"/labl": "rose"}, "/labl: the answer has no key 'labl' (its keys: label, score, boxes, a/b, m~n)"),
        ({"/label/x": 1}, "/label/x: /label is a text, which has nothing below it"),
        ({"/boxes": [{"x": 1}]}, "/boxes: a list of 2, expected is one of 1"),
        ({"/boxes/0": {"x": 1, "y": 2}}, "/boxes/0: the key 'y' is missing"),
        ({"/boxes/0": {}}, "/boxes/0: the key 'x' is not expected"),
        ({"/a~1b": 1}, "/a~1b: true, expected is 1"),
    ],
)
def test_what_differs_is_said_with_its_place(wanted: dict[str, Any], message: str) -> None:
    assert message in said({"json": wanted})


def test_a_tolerance_is_for_fractions_and_not_for_whole_numbers() -> None:
    assert judge({"json": {"/n": 1.0}, "tolerance": 0.5}, {"n": 1.4}) == ()
    assert "5, expected is 4" in said({"json": {"/n": 4}, "tolerance": 2.0}, {"n": 5})


def test_an_answer_that_is_no_json_is_one_finding() -> None:
    (finding,) = judge({"json": {"/label": "rose", "/score": 1}}, b"rose", "text/plain")
    assert finding.check == "answer.json"
    assert "b'rose'" in finding.message


def test_an_empty_answer_is_an_error() -> None:
    assert [finding.check for finding in judge({}, b"", "text/plain")] == ["answer.empty"]


def schema(folder: Path, document: object) -> Path:
    path = folder / "answer.schema.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def test_a_schema_is_held_against_the_answer(tmp_path: Path) -> None:
    path = schema(tmp_path, {"properties": {"score": {"maximum": 0.5}, "label": {"enum": ["rose"]}}})
    (finding,) = judge({"json_schema": path})
    assert finding.message == (
        "the answer does not satisfy answer.schema.json: at /score: 0.93 is greater than the maximum of 0.5"
    )


def test_a_thousand_violations_are_five_findings(tmp_path: Path) -> None:
    path = schema(tmp_path, {"items": {"type": "string"}})
    assert len(judge({"json_schema": path}, list(range(1000)))) == 5


def test_nothing_that_a_schema_refers_to_is_fetched(tmp_path: Path) -> None:
    path = schema(tmp_path, {"$ref": "http://127.0.0.1:9/other.json"})
    assert "the schema refers to http://127.0.0.1:9/other.json, which is not in it" in said({"json_schema": path})


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "a JSON Schema is an object"),
        ({"type": "objekt"}, "is not a JSON Schema: at /type: 'objekt' is not valid"),
        ({"properties": {"a": {"minimum": "x"}}}, "at /properties/a/minimum: 'x' is not of type 'number'"),
    ],
)
def test_a_schema_that_is_none_is_refused_with_place_and_key(tmp_path: Path, document: object, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        expectations.read_schema(schema(tmp_path, document), named_by="rehearsal.toml: [[case]] 'rose'")
    assert message in str(caught.value)
    assert "[[case]] 'rose' = " in str(caught.value)


@pytest.mark.parametrize(
    ("content_type", "accept", "fits"),
    [
        ("application/json; charset=utf-8", "application/json", True),
        ("application/json", "image/png, application/json;q=0.5", True),
        ("application/json", "application/*", True),
        ("application/json", "*/*", True),
        ("application/json", None, True),
        ("application/json", "text/csv", False),
        ("", "application/json", False),
    ],
)
def test_an_answer_is_of_the_type_that_was_asked_for(content_type: str, accept: str | None, fits: bool) -> None:
    found = judge({}, ANSWER, content_type, accept)
    assert [finding.severity for finding in found] == ([] if fits else ["error"])


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"rose"),
        ("application/jsonlines", b"{}\nrose\n"),
        ("application/x-npy", b"[1, 2]"),
        ("image/jpeg", b"\x89PNG\r\n\x1a\n"),
    ],
)
def test_a_body_that_is_not_what_it_says_is_told(content_type: str, body: bytes) -> None:
    (finding,) = judge({}, body, content_type)
    assert (finding.check, finding.severity) == ("answer.type", "warning")
    (finding,) = judge({}, body, content_type, accept=content_type)
    assert finding.severity == "error"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [("application/jsonlines", b"{}\n[]\n"), ("application/x-npy", b"\x93NUMPY\x01"), ("text/csv", b"1,2")],
)
def test_a_body_that_is_what_it_says_is_no_finding(content_type: str, body: bytes) -> None:
    assert judge({}, body, content_type, accept=content_type) == ()
