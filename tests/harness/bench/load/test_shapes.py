"""When the requests of a repeat are due."""

from __future__ import annotations

import statistics
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.bench.load.shapes import CLOSED, MOST_REQUESTS, Burst, Poisson, parse
from harness.core.errors import ConfigurationError


@pytest.mark.parametrize(
    ("text", "shape"), [("closed", CLOSED), ("poisson:2.5", Poisson(2.5)), ("burst:12", Burst(12))]
)
def test_a_shape_is_written_as_it_is_read(text: str, shape: object) -> None:
    found = parse(text)
    assert (found, found.text) == (shape, text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("poisson:0", "the number must be from 0.1 to 1000"),
        ("poisson:-1", "the number must be from 0.1 to 1000"),
        ("poisson:inf", "the number must be from 0.1 to 1000"),
        ("poisson:nan", "the number must be from 0.1 to 1000"),
        ("burst:0", "the number must be from 1 to 256"),
        ("burst:1000", "the number must be from 1 to 256"),
        ("poisson", r"closed, poisson:RATE \(requests a second\) or burst:N"),
        ("poisson:fast", "not 'poisson:fast'"),
        ("burst:2.5", "not 'burst:2.5'"),
        ("closed:4", "not 'closed:4'"),
        ("open", "not 'open'"),
        ("", "not ''"),
    ],
)
def test_a_shape_that_is_none_is_refused_with_what_there_is(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as refused:
        parse(text)
    assert refused.value.exit_code == 2


def test_a_closed_load_has_no_times_of_its_own() -> None:
    assert parse("closed").offsets(10.0) is None
    assert CLOSED.senders(3) == 3


@given(st.floats(min_value=0.1, max_value=1000), st.floats(min_value=0.1, max_value=60))
def test_arrivals_follow_each_other_within_the_time_and_are_neither_few_nor_countless(
    rate: float, seconds: float
) -> None:
    found = Poisson(rate).offsets(seconds)
    assert list(found) == sorted(found)
    assert 5 <= len(found) <= MOST_REQUESTS
    assert found[-1] <= seconds or len(found) == 5


def test_arrivals_come_at_their_rate_and_independently_of_each_other() -> None:
    found = Poisson(40.0).offsets(10.0)
    gaps = [later - earlier for earlier, later in pairwise(found)]
    assert statistics.mean(gaps) == pytest.approx(1 / 40, rel=0.1)
    assert statistics.stdev(gaps) == pytest.approx(1 / 40, rel=0.15), "an exponential spreads as far as its mean"


def test_every_repeat_has_the_same_arrivals() -> None:
    assert Poisson(5.0).offsets(10.0) == Poisson(5.0).offsets(10.0)


def test_a_burst_is_one_moment_and_has_a_sender_for_each() -> None:
    assert list(Burst(3).offsets(10.0)) == [0.0, 0.0, 0.0]
    assert Burst(30).senders(1) == 30
