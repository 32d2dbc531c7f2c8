"""The bound of the recommended point: the stage that takes most of a request. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from deploy.evidence.bench import Bench
from harness.bench.measurement.stages import WAIT, in_line

_BOUNDS = {
    "queue": "requests wait for a worker; fewer at once would be answered as fast",
    "download": "fetching the input from S3",
    "http": "handing the input to the handler",
    "container": "the container; its handler does not say with what",
    "decode": "decoding",
    WAIT: "decoding; the network waits for pictures",
    "resize": "making pictures smaller",
    "forward": "the network",
    "write": "writing the answer",
    "upload": "storing the answer in S3",
}
_DECODING = ("decode", WAIT)
_WITHOUT_PYAV = (
    ". Every picture of the clip is decoded, since PyAV is not installed: `deploy vendor av` puts it into the bundle"
)


def bounded_by(bench: Bench) -> str | None:
    """The bound, in one line for people; None where nothing is recommended, or the longest stage has no name."""
    point = bench.point(bench.recommendation.point or "")
    seconds = in_line(point.stages) if point else {}
    if not seconds:
        return None
    stage = max(seconds, key=lambda name: seconds[name])
    if stage not in _BOUNDS:
        return None
    share = seconds[stage] / sum(seconds.values())
    said = f"{_BOUNDS[stage]} ({stage} is {share:.0%} of a request)".replace("%", " %")
    return said + (_WITHOUT_PYAV if stage in _DECODING and _lacks_pyav(bench) else "")


def _lacks_pyav(bench: Bench) -> bool:
    """Whether the evidence names packages and PyAV is not among them."""
    told: Mapping[str, str] = bench.runtime.facts if bench.runtime else {}
    return "torch" in told and "av" not in told
