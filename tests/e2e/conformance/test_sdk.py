"""Checks 73 and 74: the behaviour that the SDKs depend on."""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import Any

import pytest
from botocore.exceptions import ClientError

from harness.emulator.async_inference.jobs import Jobs
from tests.e2e.conformance.lab.lab import Lab, Submitted
from tests.e2e.conformance.lab.needs import needs


class ModelFailed(Exception):
    """Like the SDK's AsyncInferenceModelError; its message is the container's body."""


class NotThereYet(Exception):
    """Like the SDK's ObjectNotExistedError."""


class AsyncPredictorLike:
    """The steps of the SDK's AsyncPredictor: waiters on both locations in two threads, then GetObject."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    def predict(self, job: Submitted) -> bytes:
        assert job.failure is not None
        with ThreadPoolExecutor(2) as pool:
            waiting = {pool.submit(self._wait, place): place for place in (job.output, job.failure)}
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            place = waiting[done.pop()]
            body = self.get_result(place)
            self._lab.s3.put_object(**self._where(job.output if place == job.failure else job.failure), Body=b"")
        if place == job.failure:
            raise ModelFailed(body.decode())
        return body

    def get_result(self, place: str) -> bytes:
        try:
            body: bytes = self._lab.s3.get_object(**self._where(place))["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                raise NotThereYet("Inference could still be running") from error
            raise
        return body

    def _wait(self, place: str) -> None:
        config: Any = {"Delay": 1, "MaxAttempts": 60}
        self._lab.s3.get_waiter("object_exists").wait(**self._where(place), WaiterConfig=config)

    def _where(self, place: str) -> dict[str, Any]:
        bucket, _, key = place.removeprefix("s3://").partition("/")
        return {"Bucket": bucket, "Key": key}


def test_check_73_the_predictor_returns_or_raises_with_the_containers_body(lab: Lab) -> None:
    predictor = AsyncPredictorLike(lab)
    assert predictor.predict(lab.submit(Body=b"fine")) == b"fine"
    with pytest.raises(ModelFailed, match="why it failed"):
        predictor.predict(lab.submit(orders="status=500", Body=b"why it failed"))


def test_check_73_a_result_that_is_not_there_is_no_such_key(lab: Lab) -> None:
    job = lab.submit(orders=lab.hold("c73", 5), Body=b"x")
    with pytest.raises(NotThereYet):
        AsyncPredictorLike(lab).get_result(job.output)
    lab.open("c73")
    lab.outcome(job)


@needs("emulator")
def test_check_74_a_refused_submission_is_retried_by_the_sdk_and_queued_once(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    add, failures = Jobs.add, threading.Semaphore(2)

    def fail_twice(self: Jobs, *arguments: object) -> None:
        if failures.acquire(blocking=False):
            raise OSError("disk full")
        add(self, *arguments)  # type: ignore[arg-type]  # passed on unchanged

    monkeypatch.setattr(Jobs, "add", fail_twice)
    answer = lab.runtime.invoke_endpoint_async(EndpointName=lab.main, Body=b"x", InferenceId="c74")
    assert answer["ResponseMetadata"]["RetryAttempts"] == 2
    lab.outcome(Submitted("c74", answer["OutputLocation"], answer["FailureLocation"]))
    lab.assert_received("c74", 1)
