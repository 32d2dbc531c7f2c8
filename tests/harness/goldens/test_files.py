"""Goldens on disk: what is written is read again, compares well in git, and what is none is said with its remedy."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import goldens
from harness.core.errors import ConfigurationError
from harness.goldens import Golden, NotOfKindError
from harness.goldens.document import parse, text_of
from tests.harness.goldens.examples import SENT, body_of, found, golden, npy, picture, predictions

NAMED_BY = "rehearsal.toml: [[case]] 'rose': expect.golden"
EVERY_KIND = {
    "detections": golden(body_of(predictions([found((0, 0, 9, 9))]))),
    "json": golden(b'{"b": 1, "a": [0.5, "\\ud800"]}'),
    "npy": golden(npy([1.0, np.nan]), "application/x-npy"),
    "image": golden(picture(np.zeros((3, 4, 3), np.uint8)), "image/png"),
    "text": golden("süß\r\nline\u2028 of one\n\nend".encode(), "text/plain; charset=utf-8"),
    "bytes": golden(b"\x00\xff", "application/x-own"),
}


def refused(path: Path) -> str:
    with pytest.raises(ConfigurationError) as error:
        goldens.read(path, named_by=NAMED_BY)
    message = str(error.value)
    assert message.startswith(f"{NAMED_BY} = {path}")
    assert "harness golden record" in message
    return message


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_what_is_written_is_read_again(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "rose.golden.json"
    written = goldens.write(path, EVERY_KIND[kind])
    assert EVERY_KIND[kind].kind == kind
    assert goldens.read(path, named_by=NAMED_BY) == EVERY_KIND[kind]
    is_binary = kind in ("npy", "image", "bytes")
    assert [each.name for each in written] == ["rose.golden.json"] + is_binary * [written[-1].name]
    assert written[-1].suffix == {"npy": ".npy", "image": ".png", "bytes": ".bin"}.get(kind, ".json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@settings(max_examples=60, deadline=None)
@given(JSON)
def test_any_json_survives_its_layout(value: Any) -> None:
    kept = replace(EVERY_KIND["json"], content=value)
    written = parse(text_of(kept, "none"))
    assert written.golden(None).content == value
    assert text_of(written.golden(None), "none") == text_of(kept, "none")


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_any_text_survives_its_lines(text: str) -> None:
    kept = replace(EVERY_KIND["text"], content=text)
    assert parse(text_of(kept, "none")).golden(None).content == text


def test_the_text_does_not_depend_on_the_order_of_the_answers_keys(tmp_path: Path) -> None:
    one, other = golden(b'{"a": 1, "b": {"c": 2, "d": 3}}'), golden(b'{"b": {"d": 3, "c": 2}, "a": 1}')
    assert text_of(one, "") == text_of(other, "")


def test_one_changed_box_is_one_changed_line(tmp_path: Path) -> None:
    frames = [[found((x, 0, x + 9, 9)) for x in range(20)] for _ in range(10)]
    before = text_of(golden(body_of(predictions(*frames))), "").splitlines()
    frames[4][7]["box"][0] += 1
    after = text_of(golden(body_of(predictions(*frames))), "").splitlines()
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 1
    assert max(map(len, before[8:])) < 120


def test_the_header_says_what_it_is(tmp_path: Path) -> None:
    goldens.write(tmp_path / "g.json", EVERY_KIND["json"])
    document = json.loads((tmp_path / "g.json").read_text())
    assert list(document)[:4] == ["schema", "case", "kind", "content_type"]
    assert document["schema"] == "rehearsal.golden/1"
    assert document["sent"]["sha256"] == SENT.sha256
    assert document["recorded"] == {
        "at": "2026-03-04T05:06:07+00:00", "by": "sagemaker-rehearsal 0.1.0", "runtime": "process"
    }  # fmt: skip


def test_a_body_of_an_earlier_type_does_not_stay(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    goldens.write(path, EVERY_KIND["npy"])
    goldens.write(path, EVERY_KIND["json"])
    assert [each.name for each in tmp_path.iterdir()] == ["g.json"]


def test_a_missing_golden_is_said_with_its_remedy(tmp_path: Path) -> None:
    assert "is not there: `harness golden record` writes it" in refused(tmp_path / "absent.json")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"schema": "rehearsal.golden/2"},
            "its schema is rehearsal.golden/2, and this version reads rehearsal.golden/1",
        ),
        ({"schema": "rehearsal.report/1"}, "it is no golden: its schema is 'rehearsal.report/1'"),
        ({"kind": "sound"}, "kind: Input should be 'detections'"),
        ({"sent": None}, "sent: "),
        ({"recorded": {"at": "yesterday", "by": "", "runtime": ""}}, "recorded.at: "),
        ({"body": {"file": "../rose.npy", "size_bytes": 1, "sha256": ""}}, "'../rose.npy' is not the name of a file"),
        ({"body": None}, "it names no file that holds the answer"),
    ],
)
def test_a_damaged_header_is_said_with_its_place(changed: dict[str, Any], said: str, tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    goldens.write(path, EVERY_KIND["npy"])
    path.write_text(json.dumps(json.loads(path.read_text()) | changed))
    assert said in refused(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "it is no JSON"), ("{", "it is no JSON"), ("[1]", "it is no golden: its schema is None"),
     ("[" * 100_000, "it is no JSON"), ('{"schema": "rehearsal.golden/1"}', "it holds no answer")],
    ids=["empty", "cut", "list", "deep", "bare"],
)  # fmt: skip
def test_what_is_no_golden_is_refused(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "g.json").write_text(text)
    assert said in refused(tmp_path / "g.json")


def test_nan_in_a_golden_is_refused_with_its_place(tmp_path: Path) -> None:
    goldens.write(tmp_path / "g.json", golden(b'{"a/b": [0, 1.5]}'))
    text = (tmp_path / "g.json").read_text().replace("1.5", "NaN")
    (tmp_path / "g.json").write_text(text)
    assert "at /answer/a~1b/1: nan is no number of JSON" in refused(tmp_path / "g.json")


def test_a_body_that_is_missing_or_another_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    _, body = goldens.write(path, EVERY_KIND["npy"])
    body.write_bytes(b"other")
    assert "g.body.npy is not the body that was recorded" in refused(path)
    body.unlink()
    assert "g.body.npy is missing" in refused(path)


@pytest.mark.parametrize(
    ("body", "content_type", "kind"),
    [
        (b'{"label": "rose"}', "application/json; charset=utf-8", "json"),
        (b'{"label": "rose"}', "application/vnd.own+json", "json"),
        (b'{"a": 1}\n{"a": 2}\n', "application/jsonlines", "json"),
        (b"a,b\n", "text/csv", "text"),
        (b"\xff\xfe", "text/plain", "bytes"),
        (b"%PDF", "application/pdf", "bytes"),
        (b"", "", "bytes"),
    ],
)
def test_the_kind_follows_from_the_type(body: bytes, content_type: str, kind: str) -> None:
    assert goldens.kind_of(body, content_type) == kind


def test_json_lines_of_a_detector_are_its_document() -> None:
    document = predictions([found((0, 0, 9, 9))], [])
    frames = document.pop("frames")
    lines = b"\n".join(body_of(each) for each in (document, *frames))
    assert goldens.content_of("detections", lines, "application/jsonlines") == {**document, "frames": frames}


@pytest.mark.parametrize(
    ("body", "content_type", "said"),
    [
        (b"", "application/json", "it is empty"),
        (b"<html>", "application/json", "it is no JSON"),
        (b'{"score": NaN}', "application/json", "at /score: nan is no number of JSON"),
        (b"[0, 1e999]", "application/json", "at /1: inf is no number of JSON"),
        (b"[" * 300 + b"]" * 300, "application/json", "nested more than 200 deep"),
        (b'{"schema": "rehearsal.predictions/1", "video": {}, "labels": {}}', "application/json", "video.width"),
        (b"\xff\xd8\xffno", "image/jpeg", "it is no picture that can be decoded"),
        (b"", "application/x-npy", "it is no npy array"),
        (npy([1, 2])[:-1], "application/x-npy", "it is cut: int64 of shape (2,) has 16 bytes, and 15 are there"),
        (npy([1]) + b"more", "application/x-npy", "it is no npy array"),
    ],
)
def test_a_body_that_is_not_of_its_type_is_told(body: bytes, content_type: str, said: str) -> None:
    with pytest.raises(NotOfKindError) as error:
        goldens.kind_of(body, content_type)
    assert said in str(error.value)


def test_pickled_objects_are_refused_and_never_loaded(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    np.save(tmp_path / "trap.npy", np.array([Trap()], dtype=object), allow_pickle=True)
    with pytest.raises(NotOfKindError, match="pickled objects"):
        goldens.kind_of((tmp_path / "trap.npy").read_bytes(), "application/x-npy")
    assert not (tmp_path / "ran").exists()


def test_a_header_that_promises_terabytes_takes_no_memory() -> None:
    huge = npy(np.zeros(1)).replace(b"(1,), }          ", b"(9999999999999,),}")
    with pytest.raises(NotOfKindError, match="it is cut: float64 of shape"):
        goldens.kind_of(huge, "application/x-npy")


def test_a_request_of_another_file_or_header_is_told() -> None:
    assert SENT.unlike(replace(SENT, file="other.jpg")) is None
    assert "another file" in str(SENT.unlike(replace(SENT, sha256="f" * 64)))
    assert "accept was 'text/csv', and is 'application/json'" in str(SENT.unlike(replace(SENT, accept="text/csv")))


def test_names_of_cases_become_names_of_files() -> None:
    assert [goldens.slug(name) for name in ("two rows", "../x", "é", "..", "a/b:c")] == [
        "two-rows", "x", "é", "case", "a-b-c"
    ]  # fmt: skip
    assert isinstance(EVERY_KIND["json"], Golden)


def test_a_golden_whose_answer_is_not_of_its_kind_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    goldens.write(path, replace(EVERY_KIND["json"], kind="detections"))
    assert "answer: it is no document of rehearsal.predictions/1" in refused(path)
    goldens.write(path, replace(EVERY_KIND["bytes"], kind="npy", content_type="application/x-npy"))
    assert "its body: it is no npy array" in refused(path)
