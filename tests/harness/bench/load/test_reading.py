"""An answer in figures."""

from __future__ import annotations

import json

import pytest

from deploy.async_client import Completed
from deploy.config.case_sections import ExpectSection
from harness.bench.load.reading import Count, Frames, Meter, Pointed, Reader, Reading, Uncounted
from tests.harness.bench.examples import ACCEPTED, answer


def completed(body: bytes, content_type: str = "application/json") -> Completed:
    return Completed(ACCEPTED, body, content_type, 1.0)


@pytest.mark.parametrize(
    ("meter", "body", "items"),
    [
        (Count(3), b"anything", 3),
        (Pointed("/predictions"), b'{"predictions": [1, 2]}', 2),
        (Pointed("/predictions"), b'{"predictions": []}', 0),
        (Pointed("/count"), b'{"count": 7}', 7),
        (Pointed(""), b"[1, 2, 3]", 3),
        (Frames(), answer(13), 13),
        (Frames(is_demanded=False), b"npy", None),
        (Uncounted(), b"anything", None),
    ],
)
def test_items_are_counted_as_the_case_says(meter: Meter, body: bytes, items: int | None) -> None:
    found = meter.read(body)
    assert (found.items, found.fault) == (items, "")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", "the answer is no JSON"),
        (b"{}", "the answer has no key 'rows'"),
        (b'{"rows": "many"}', "there is a text, and neither a list nor a whole number"),
        (b'{"rows": true}', "there is a boolean"),
        (b'{"rows": -1}', "there is a number"),
        (b'{"rows": 1.5}', "there is a number"),
    ],
)
def test_a_pointer_that_leads_nowhere_is_a_fault_with_the_cause(body: bytes, said: str) -> None:
    fault = Pointed("/rows").read(body).fault
    assert fault.startswith('items = "/rows" of the case does not lead to its items: ')
    assert said in fault


def test_an_answer_that_is_not_as_expected_does_not_count() -> None:
    expects = ExpectSection.model_validate({"json": {"/label": "cat"}})
    reader = Reader(Count(1), 1000, expects)
    assert reader.read(completed(b'{"label": "cat"}')) == Reading(1)
    assert "dog" in reader.read(completed(b'{"label": "dog"}')).fault
    assert "the answer is empty" in reader.read(completed(b"")).fault


def test_an_answer_of_another_type_than_was_asked_for_does_not_count() -> None:
    reader = Reader(Count(1), 1000, ExpectSection(), accept="application/json")
    assert reader.read(completed(b"a,b", "text/csv")).fault != ""


def test_an_answer_above_the_limit_of_the_mode_does_not_count() -> None:
    fault = Reader(Count(1), 10).read(completed(b"x" * 11)).fault
    assert "the answer has 11 bytes, and SageMaker returns at most 10 in this mode" in fault


def test_equal_answers_are_read_once() -> None:
    class Counting:
        unit = None
        reads = 0

        def read(self, _body: bytes, /) -> Reading:
            self.reads += 1
            return Reading()

    meter = Counting()
    reader = Reader(meter, 1000)
    for body in (b"1", b"1", b"2", b"1"):
        reader.read(completed(body))
    assert meter.reads == 2
    for number in range(1500):
        reader.read(completed(json.dumps(number).encode()))
    assert meter.reads <= 2 + 1500
