"""JSON, npy, pictures, text and bytes against their goldens."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.config.case_sections import GoldenSection
from deploy.evidence import Finding
from harness.checks.golden import Verdict, compare, judge
from tests.harness.goldens.examples import body_of, golden, npy, picture

ALLOWED = GoldenSection()
NPY = "application/x-npy"


def verdict(
    was: bytes, now: bytes, content_type: str = "application/json", allowed: GoldenSection = ALLOWED
) -> Verdict:
    return judge(golden(was, content_type), now, content_type, allowed)


def errors(found: Verdict) -> list[Finding]:
    return [each for each in found.findings if each.severity == "error"]


def message(was: bytes, now: bytes, content_type: str = "application/json") -> str:
    (finding,) = errors(verdict(was, now, content_type))
    return finding.message.removeprefix("golden: ")


def test_json_differs_by_place_and_its_numbers_by_tolerance() -> None:
    was, now = {"label": "rose", "top": [{"score": 0.9}]}, {"top": [{"score": 0.90005}], "label": "rose"}
    assert not verdict(body_of(was), body_of(now)).has_drifted
    now["top"][0]["score"] = 0.91  # type: ignore[index]  # it is a list
    (finding,) = errors(verdict(body_of(was), body_of(now)))
    assert (finding.check, finding.where) == ("golden.json", "/top/0/score")
    assert finding.message == "golden: /top/0/score: 0.91, expected is 0.9"
    assert not verdict(body_of(was), body_of(now), allowed=GoldenSection(rtol=0.02)).has_drifted


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (b'{"a": 1}', "the key 'b' is missing"),
        (b'{"a": 1, "b": [1, 2], "c": 0}', "the key 'c' is not expected"),
        (b'{"a": 1, "b": [1]}', "/b: a list of 1, expected is one of 2"),
        (b'{"a": 2, "b": [1, 2]}', "/a: 2, expected is 1"),
        (b'{"a": true, "b": [1, 2]}', "/a: true, expected is 1"),
        (b"<html>", "the answer cannot be compared: it is no JSON"),
        (b"", "the answer cannot be compared: it is empty"),
        (b'{"a": NaN, "b": [1, 2]}', "at /a: nan is no number of JSON"),
        (b"[" * 5000, "the answer cannot be compared: it is no JSON"),
    ],
)
def test_what_is_other_json_is_said(now: bytes, said: str) -> None:
    assert said in message(b'{"a": 1, "b": [1, 2]}', now)


def test_ten_thousand_differences_are_a_page() -> None:
    was, now = body_of([0.0] * 10_000), body_of(["x" * 1000] * 10_000)
    told = verdict(was, now).findings
    assert len(told) == 21
    assert told[-1].message == "golden: and 9980 more places that differ"
    assert max(len(each.message) for each in told) < 500


def test_an_answer_of_another_type_is_said_and_not_compared() -> None:
    (finding,) = judge(golden(b"{}"), b"<html>", "text/html; charset=utf-8", ALLOWED).findings
    assert (finding.check, finding.message) == (
        "golden.type",
        "golden: the answer is text/html; charset=utf-8, the golden application/json",
    )
    assert "harness golden record --case rose --update" in str(finding.advice)
    assert not judge(golden(b"{}"), b"{}", "application/json; charset=utf-8", ALLOWED).has_drifted
    assert compare(golden(b"{}"), golden(b"x", "text/plain"), ALLOWED).findings[0].check == "golden.type"


def test_an_answer_of_hundreds_of_megabytes_is_not_compared() -> None:
    (finding,) = verdict(b"[]", b"[" + b" " * (65 << 20) + b"]").findings
    assert finding.check == "golden.size"


arrays = st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=30).map(lambda each: np.array(each, np.float32))


@settings(max_examples=60, deadline=None)
@given(arrays, st.data())
def test_an_array_beyond_the_tolerance_is_found_with_its_place(was: Any, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(was) - 1))
    now = was.copy()
    now[place] += 1 + abs(now[place])
    assert f"at [{place}] it is" in message(npy(was), npy(now), NPY)
    near = was * np.float32(1 + 1e-5)
    assert not verdict(npy(was), npy(near), NPY).has_drifted


def test_the_largest_difference_is_measured() -> None:
    found = verdict(npy(np.zeros((2, 3))), npy([[0, 0, 0], [0, 0.5, -2]]), NPY)
    assert [(each.name, each.value) for each in found.metrics] == [("golden_npy_difference", 2.0)]
    assert "2 of 6 items differ" in found.findings[0].message
    assert "at [1, 2] it is -2.0, and was 0.0; the largest difference is 2" in found.findings[0].message


@pytest.mark.parametrize(
    ("was", "now", "said"),
    [
        (np.zeros((2, 3)), np.zeros((3, 2)), "the shape is (3, 2), and was (2, 3)"),
        (np.zeros(2), np.zeros(2, np.float32), "the dtype is float32, and was float64"),
        (np.array([2**60]), np.array([2**60 + 1]), "1 of 1 items differ"),
        (np.array([1.0, np.nan]), np.array([np.nan, np.nan]), "1 items are no number in one of both"),
        (np.array([np.inf]), np.array([-np.inf]), "1 of 1 items differ"),
        (np.array(["rose"]), np.array(["lily"]), "1 of 1 items differ"),
        (np.array([True, False]), np.array([True, True]), "1 of 2 items differ"),
        (np.float64(1), np.float64(2), "at [] it is 2.0, and was 1.0"),
        (np.array([1j]), np.array([2j]), "the largest difference is 1"),
    ],
)
def test_arrays_that_differ(was: Any, now: Any, said: str) -> None:
    exact = GoldenSection(rtol=0, atol=0)
    (finding,) = errors(verdict(npy(was), npy(now), NPY, exact))
    assert said in finding.message
    assert not verdict(npy(was), npy(was), NPY, exact).has_drifted


def test_the_fields_and_the_arrays_behind_it_are_compared_by_name() -> None:
    rows = np.zeros(2, [("pts", "<f8"), ("box", "<f4", (4,))])
    rows["pts"] = np.nan
    other = rows.copy()
    other["box"][1, 2] = 3
    (finding,) = errors(verdict(npy(rows, [1]), npy(other, [1]), NPY))
    assert finding.where == "array 0 box"
    assert "at [1, 2] it is 3.0, and was 0.0" in finding.message
    assert "it holds 1 arrays, the golden 2" in message(npy(rows, [1]), npy(rows), NPY)


def test_an_npy_that_is_cut_or_pickled_cannot_be_compared() -> None:
    assert "it is cut" in message(npy([1.0, 2.0]), npy([1.0, 2.0])[:-8], NPY)
    pickled = npy([1]).replace(b"'<i8'", b"'|O' ")
    assert "pickled objects" in message(npy([1]), pickled, NPY)


GREY = np.full((40, 60, 3), 128, np.uint8)


@pytest.mark.parametrize(("form", "content_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg")])
def test_pictures_are_compared_by_their_pixels(form: str, content_type: str) -> None:
    noisy = (GREY + np.random.default_rng(1).integers(0, 2, GREY.shape)).astype(np.uint8)
    was = picture(GREY, form)
    near = verdict(was, picture(noisy, form), content_type)
    assert not near.has_drifted
    assert near.metrics[0].value is not None
    assert 40 < near.metrics[0].value < 70
    square = GREY.copy()
    square[10:20, 10:20] = 255
    assert "dB, at least 40 are demanded" in message(was, picture(square, form), content_type)
    assert message(was, picture(GREY[:, :30], form), content_type) == "the picture is 30x40 RGB, and was 60x40 RGB"
    assert "60x40 L, and was 60x40 RGB" in message(was, picture(GREY[..., 0], form), content_type)
    assert "no picture that can be decoded" in message(was, was[:60], content_type)


def test_deep_pixels_are_not_cut_to_eight_bits() -> None:
    deep = np.full((8, 8), 30_000, np.uint16)
    assert verdict(picture(deep), picture(deep + 20_000), "image/png").has_drifted
    assert not verdict(picture(deep), picture(deep + 1), "image/png").has_drifted


def test_text_differs_by_its_first_line() -> None:
    (finding,) = errors(verdict(b"a\nb\nc\n", b"a\nB\nc\nd\n", "text/plain"))
    assert finding.where == "line 2"
    assert finding.message == r"golden: the line is 'B\n', and was 'b\n'; 4 lines, the golden has 3"
    assert "the line is missing, and was 'b'" in message(b"a\nb", b"a\n", "text/plain")
    assert "it is no UTF-8 text: byte 0 is 0xff" in message(b"a", b"\xff", "text/plain")
    assert not verdict(b"a\n", b"a\n", "text/plain").has_drifted


def test_bytes_differ_by_their_first_byte() -> None:
    said = message(b"\x00\x01\x02", b"\x00\x09\x02\x03", "application/x-own")
    assert said.startswith(r"other bytes from 1 on: b'\t\x02\x03', was b'\x01\x02'; 4 bytes (sha256 ")
    assert "other bytes from 3 on" in message(b"abc", b"abcd", "application/x-own")
    assert not verdict(b"abc", b"abc", "application/x-own").has_drifted
