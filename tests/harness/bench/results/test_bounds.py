"""What a benchmark is bound by: the longest stage of the recommended point, said for people."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from deploy import evidence
from deploy.evidence.bench import Bench
from harness.bench.results import writing
from harness.bench.results.bounds import bounded_by
from tests.harness.bench.examples import bench, point

AHEAD = {"download": 0.01, "decode": 0.5, "resize": 0.1, "wait": 0.3, "forward": 0.09}


def measured(stages: Mapping[str, float], **versions: str) -> Bench:
    """A benchmark whose recommended point has these seconds a frame, in a container with these packages."""
    one = point("batch 2", 12.0).model_copy(update={"stage_seconds_per_frame": stages})
    used = evidence.RuntimeUsed(kind="process", assurance="process", facts=versions)
    return bench(one).model_copy(update={"runtime": used})


def test_the_longest_of_the_stages_that_follow_each_other_is_named() -> None:
    assert bounded_by(measured({"download": 0.1, "decode": 0.1, "forward": 0.6})) == (
        "the network (forward is 75 % of a request)"
    )


def test_decoding_beside_the_network_shows_as_waiting() -> None:
    said = bounded_by(measured(AHEAD, torch="2.6.0", av="18.1.0"))
    assert said == "decoding; the network waits for pictures (wait is 75 % of a request)"


@pytest.mark.parametrize("stages", [AHEAD, {"decode": 0.5, "forward": 0.1}])
def test_where_decoding_bounds_it_and_nothing_can_be_skipped_the_way_out_is_said(stages: Mapping[str, float]) -> None:
    said = bounded_by(measured(stages, torch="2.6.0"))
    assert said is not None
    assert said.endswith("PyAV is not installed: `deploy vendor av` puts it into the bundle")


def test_what_the_evidence_does_not_name_is_not_claimed_to_be_missing() -> None:
    assert "PyAV" not in (bounded_by(measured(AHEAD)) or "")
    assert "PyAV" not in (bounded_by(measured({"forward": 1.0, "decode": 0.2}, torch="2.6.0")) or "")


@pytest.mark.parametrize("stages", [{}, {"track": 0.5, "forward": 0.1}, {"rest": 1.0}])
def test_without_a_stage_that_is_known_nothing_is_said(stages: Mapping[str, float]) -> None:
    assert bounded_by(measured(stages)) is None


def test_without_a_recommendation_nothing_is_said() -> None:
    assert bounded_by(bench(point("batch 2", 12.0), chosen=None)) is None


def test_page_and_summary_say_it() -> None:
    found = measured(AHEAD, torch="2.6.0")
    assert "<p>Bound by decoding; the network waits for pictures" in writing.page(found)
    assert "\nBound by decoding; the network waits for pictures" in writing.markdown(found)
