"""The waterfall's arithmetic: the emulator's phases, the handler's account, and what neither explains."""

from __future__ import annotations

import pytest

from harness.bench.measurement.stages import mean
from harness.observations.phases import Phases
from harness.observations.stage_log import Account

PHASES = (
    Phases("e", "a", {"queue": 0.2, "download": 0.1, "container": 2.0, "upload": 0.3}),
    Phases("e", "b", {"queue": 0.0, "download": 0.3, "container": 4.0, "upload": 0.1}),
)
ACCOUNTS = (
    Account(1.5, {"decode": 0.5, "forward": 0.8, "write": 0.2}),
    Account(3.5, {"decode": 0.5, "forward": 2.8, "write": 0.2}),
)


def test_every_stage_has_its_own_name_in_the_order_of_a_requests_way() -> None:
    found = mean([3.0, 5.0], PHASES, ACCOUNTS, 10)
    assert found == pytest.approx(
        {"queue": 0.01, "download": 0.02, "http": 0.05, "decode": 0.05, "forward": 0.18, "write": 0.02,
         "upload": 0.02, "rest": 0.05}
    )  # fmt: skip
    assert list(found) == ["queue", "download", "http", "decode", "forward", "write", "upload", "rest"]
    assert sum(found.values()) == pytest.approx(4.0 / 10)


def test_a_handler_without_an_account_is_one_stage() -> None:
    found = mean([3.0, 5.0], PHASES, (), 10)
    assert list(found) == ["queue", "download", "container", "upload", "rest"]
    assert found["container"] == pytest.approx(0.3)


def test_stages_of_another_handlers_naming_are_kept() -> None:
    found = mean([3.0], PHASES[:1], [Account(1.0, {"forward": 0.4, "track": 0.5, "write": 0.1})], 1)
    assert list(found) == ["queue", "download", "http", "forward", "track", "write", "upload", "rest"]


def test_without_the_emulators_phases_the_rest_is_what_the_handler_does_not_explain() -> None:
    found = mean([3.0], (), ACCOUNTS[:1], 10)
    assert found["rest"] == pytest.approx(0.15)
    assert "download" not in found


def test_nothing_measured_has_no_stages() -> None:
    assert mean([], PHASES, ACCOUNTS, 10) == {}
    assert mean([1.0], (), (), 10) == {}
