"""The way through the points: what Ctrl-C leaves, what is not measured again, and what is said meanwhile."""

from __future__ import annotations

import io
from collections.abc import Callable

from rich.console import Console

from deploy.evidence.bench import BenchPoint
from harness.bench.measurement.measure import Interrupted
from harness.bench.measurement.points import Axes, Point, points
from harness.bench.pace import INTERRUPTED, NO_TIME, Pace, measured_each
from harness.core.progress import Progress, stderr_progress
from tests.harness.bench.examples import batch, batches, point

QUIET = stderr_progress(quiet=True)


def test_ctrl_c_keeps_what_was_measured_and_says_what_was_not() -> None:
    def measure(asked: Point, name: str, tell: Callable[[int], None]) -> BenchPoint:
        if asked == batch(2):
            raise KeyboardInterrupt
        return point(asked.name, 5.0)

    wanted = points(Axes(batches=batches(1, 2, 4)))
    known = {batch(4): point("batch 4", 7.0)}
    found, was_interrupted = measured_each(wanted, known, measure, QUIET, 6)
    assert was_interrupted
    assert [each.outcome for each in found] == ["stable", "stable", "not_run", "stable"]
    assert found[2].note == INTERRUPTED


def test_ctrl_c_within_a_point_keeps_its_repeats() -> None:
    def measure(asked: Point, name: str, tell: Callable[[int], None]) -> BenchPoint:
        raise Interrupted(point(asked.name, 5.0 if asked == batch(1) else None, outcome="unstable"))

    (found,), was_interrupted = measured_each([batch(1)], {}, measure, QUIET, 6)
    assert (found.outcome, found.frames_per_second is not None, was_interrupted) == ("unstable", True, True)
    (nothing,), _ = measured_each([batch(2)], {}, measure, QUIET, 6)
    assert (nothing.outcome, nothing.note) == ("not_run", INTERRUPTED)


def test_known_points_are_not_measured_again_and_names_differ() -> None:
    names: list[str] = []

    def measure(asked: Point, name: str, tell: Callable[[int], None]) -> BenchPoint:
        names.append(name)
        return point(asked.name, 5.0)

    known = {batch(1): point("batch 1", 7.0)}
    found, was_interrupted = measured_each(points(Axes(batches=batches(1, 2))), known, measure, QUIET, 6)
    assert (names, was_interrupted, len(found)) == (["bench-0", "bench-1"], False, 3)


def test_what_would_not_be_done_in_time_is_left_for_the_next_sweep() -> None:
    clock = [100.0]

    def measure(asked: Point, name: str, tell: Callable[[int], None]) -> BenchPoint:
        clock[0] += 40
        return point(asked.name, 5.0)

    wanted = points(Axes(batches=batches(1, 2, 4)))
    found, was_interrupted = measured_each(wanted, {}, measure, QUIET, 6, until=230.0, now=lambda: clock[0])
    assert [each.outcome for each in found] == ["stable", "stable", "stable", "not_run"]
    assert (found[3].note, was_interrupted) == (NO_TIME, False)
    (alone,), _ = measured_each(wanted[:1], {}, measure, QUIET, 6, until=0.0, now=lambda: clock[0])
    assert alone.outcome == "not_run"


def test_the_time_left_follows_from_what_was_done() -> None:
    way = Pace(points=4, most_repeats=6)
    assert way.seconds_left(way.share(0), 10.0) is None
    assert way.seconds_left(way.share(1), 10.0) == 30.0
    assert way.seconds_left(way.share(1, repeats=3), 15.0) == 25.0
    assert way.share(3, repeats=60) == 1.0


def test_the_bar_tells_points_repeats_and_time() -> None:
    way = Pace(points=4, most_repeats=6)
    assert way.bar(0, 0, 1.0) == "─" * 20 + " 0%"
    assert way.bar(2, 1, 130.0) == "━" * 11 + "─" * 9 + " 54%, 1 repeat, about 110 s left"
    assert way.bar(1, 3, 300.0).endswith("38%, 3 repeats, about 8 min left")


def test_a_terminal_sees_the_bar_and_a_log_a_line_for_every_point() -> None:
    def measure(asked: Point, name: str, tell: Callable[[int], None]) -> BenchPoint:
        tell(2)
        return point(asked.name, 5.0, outcome="stable" if asked == batch(1) else "failed")

    times = iter(float(second) for second in range(100))
    said = {}
    for is_terminal in (True, False):
        text = io.StringIO()
        console = Console(file=text, force_terminal=is_terminal, width=200, color_system=None)
        measured_each([batch(1), batch(2)], {}, measure, Progress(console), 6, now=lambda: next(times))
        said[is_terminal] = text.getvalue()
    assert "━━━───────────────── 17%, 2 repeats, about " in said[True]
    assert "━" not in said[False]
    lines = said[False].splitlines()
    assert [line[:13] for line in lines] == ["✓ [1/2] batch", "✗ [2/2] batch"]
    assert "5.00 frames/s" in lines[0]
    assert lines[0].endswith(" s left")
    assert not lines[1].endswith(" s left")
