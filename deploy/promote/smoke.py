"""Sends a request with a known answer, to prove that what was deployed works where it runs (`deploy smoke`).

The expected answer comes from the evidence: the same clip gave so many frames and detections when rehearsed. A model
without a known answer is sent one of its project's cases, and must answer as that expects.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy import expectations
from deploy.async_client import Completed, Destination, Failed, Request, content_type_of, submit, wait_for
from deploy.aws import Clients, aws_errors
from deploy.config import Project
from deploy.config.case_sections import CaseSection
from deploy.core.digests import digest_of_file
from deploy.core.errors import ConfigurationError, TimedOut
from deploy.core.waiting import Clock
from deploy.gates.gate import Evidence
from deploy.resources.monitoring import DEPLOY_METRICS, SMOKE_FAILURES

# Another device rounds differently, so a detection near the threshold may appear or vanish.
_DETECTIONS_MAY_DIFFER_BY = 0.1
_PREDICTIONS_SCHEMA = "rehearsal.predictions/1"


@dataclass(frozen=True)
class Expectation:
    frames: int
    detections: int | None


@dataclass(frozen=True)
class Probe:
    """The request and the expected answer; without an expectation or a case any answer but a failure passes."""

    file: Path
    content_type: str
    expected: Expectation | None
    case: CaseSection | None = None
    """The case of the project whose file is sent."""

    @property
    def request(self) -> Request:
        if self.case is None:
            return Request(self.file, self.content_type)
        accept = {"accept": self.case.accept} if self.case.accept else {}
        return Request(self.file, self.content_type, **accept, attributes=self.case.custom_attributes)


@dataclass(frozen=True)
class SmokeResult:
    inference_id: str
    seconds: float
    problem: str
    """Why the answer failed; empty when it was as expected."""

    @property
    def passed(self) -> bool:
        return not self.problem


def probe(project: Project, evidence: Sequence[Evidence]) -> Probe:
    """Raises ConfigurationError when the project names nothing to send."""
    file = project.rollout.smoke_input
    if file is None and project.validate.known_answer is not None:
        file = project.validate.known_answer / "clip.mp4"
    case = _case_to_send(project, file)
    file = file or (case.file if case else None)
    if file is None or not file.is_file():
        raise ConfigurationError(
            f"{project.path}: {file or 'nothing'} to send as a smoke test: name a file with [rollout] smoke_input, or "
            "add a [[case]] that is answered"
        )
    content_type = project.rollout.smoke_content_type or (case.content_type if case else None) or content_type_of(file)
    return Probe(file, content_type, _expected(digest_of_file(file), evidence), case)


def _case_to_send(project: Project, file: Path | None) -> CaseSection | None:
    """The case of this file, or without a file the first, among those that are answered."""
    answered = [case for case in project.cases if case.expect.status == "completed"]
    return next((case for case in answered if file is None or case.file == file), None)


def _expected(sha256: str, evidence: Sequence[Evidence]) -> Expectation | None:
    for case in (case for each in evidence for case in each.report.cases):
        if case.input is not None and case.input.sha256 == sha256 and case.frames is not None:
            return Expectation(case.frames.sampled, case.detection_count)
    return None


def smoke(
    clients: Clients, destination: Destination, what: Probe, *, timeout_seconds: float, clock: Clock
) -> SmokeResult:
    """Send the probe once and judge the answer. Raises AwsRefused when the request is not even accepted."""
    sent = submit(clients, destination, what.request, folder="smoke")
    try:
        outcome = wait_for(clients, sent, timeout_seconds=timeout_seconds, clock=clock)
    except TimedOut as late:
        return SmokeResult(sent.inference_id, timeout_seconds, str(late))
    return SmokeResult(sent.inference_id, round(outcome.seconds, 3), _problem(outcome, what))


def report_failure(clients: Clients, endpoint_name: str) -> None:
    """Publish the metric whose alarm makes SageMaker roll back the update that bakes."""
    dimensions = [{"Name": "EndpointName", "Value": endpoint_name}]
    datum = {"MetricName": SMOKE_FAILURES, "Dimensions": dimensions, "Value": 1.0, "Unit": "Count"}
    with aws_errors("publishing a smoke failure"):
        clients.cloudwatch.put_metric_data(Namespace=DEPLOY_METRICS, MetricData=[datum])  # type: ignore[list-item]  # a literal


def _problem(outcome: Completed | Failed, what: Probe) -> str:
    if isinstance(outcome, Failed):
        return f"the request failed: {outcome.reason}"
    if not outcome.body:
        return "the answer is empty"
    unlike = _unlike_the_case(outcome, what.case) if what.case else ""
    return unlike or (_differences(outcome.body, what.expected) if what.expected else "")


def _unlike_the_case(outcome: Completed, case: CaseSection) -> str:
    found = expectations.judge(outcome.body, outcome.content_type, expect=case.expect, accept=case.accept)
    return next((f"case {case.title}: {each.message}" for each in found if each.severity == "error"), "")


def _differences(body: bytes, expected: Expectation) -> str:
    try:
        document = json.loads(body)
        if document["schema"] != _PREDICTIONS_SCHEMA:
            return ""  # only documents in our own format are judged
        frames = len(document["frames"])
        detections = sum(len(frame["detections"]) for frame in document["frames"])
    except (ValueError, KeyError, TypeError) as error:
        return f"the answer is not {_PREDICTIONS_SCHEMA}: {error!r}"
    if frames != expected.frames:
        return f"the answer has {frames} frames, the rehearsal had {expected.frames}"
    if expected.detections is None:
        return ""
    allowed = max(1, round(expected.detections * _DETECTIONS_MAY_DIFFER_BY))
    if abs(detections - expected.detections) > allowed:
        return f"the answer has {detections} detections, the rehearsal had {expected.detections}"
    return ""
