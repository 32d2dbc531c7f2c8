"""Checks 27 to 34: objects, messages and logs after failures."""

from __future__ import annotations

import time

from tests.e2e.conformance.lab.lab import Lab
from tests.e2e.conformance.lab.needs import needs

SEE = "See the SageMaker Endpoint logs in your account for more information."


def test_check_27_a_containers_400(lab: Lab) -> None:
    job = lab.submit(orders="status=400", Body=b"why not")
    stored = lab.outcome(job)
    assert (stored.body, stored.is_failure) == (b"why not", True)
    assert lab.read(job.output) is None
    assert (
        lab.message(job.inference_id)["failureReason"] == f"ClientError: Received client error (400) from model. {SEE}"
    )


def test_check_28_a_containers_500_is_not_retried(lab: Lab) -> None:
    job = lab.submit(orders="status=500", InferenceId="c28", Body=b"x")
    assert lab.outcome(job).is_failure
    assert lab.message("c28")["failureReason"] == f"ClientError: Received server error (500) from model. {SEE}"
    lab.assert_received("c28", 1)


@needs("drop")
def test_check_29_a_dropped_connection_is_a_zero_and_the_next_succeeds(lab: Lab) -> None:
    job = lab.submit(orders="drop=1")
    assert lab.outcome(job).is_failure
    assert lab.message(job.inference_id)["failureReason"] == f"ClientError: Received server error (0) from model. {SEE}"
    assert not lab.run().is_failure


@needs("container")
def test_check_29_a_container_that_ends_is_replaced(lab: Lab) -> None:
    name = lab.named("c29")
    lab.serve(name)
    job = lab.submit(name, orders=lab.hold("c29", 60))
    lab.wait_until_inside(job)
    lab.instances(name)[0].crash()
    lab.open("c29")
    lab.outcome(job)
    assert not lab.run(name).is_failure
    assert len([one for one in lab.runtime_of_instances.instances if one.spec.endpoint_name == name]) == 2


def test_check_30_a_time_out_fails_and_frees_the_slot(lab: Lab) -> None:
    name = lab.named("c30")
    lab.serve(name, concurrency=1)
    started = time.monotonic()
    job = lab.submit(name, orders="sleep=20", InvocationTimeoutSeconds=1)
    assert lab.outcome(job).is_failure
    assert not lab.run(name).is_failure
    assert time.monotonic() - started < 8 * lab.place.slowness
    assert "(0)" in lab.message(job.inference_id)["failureReason"]


def test_check_31_a_missing_input_never_reaches_the_container(lab: Lab) -> None:
    job = lab.submit(InputLocation=f"{lab.root}/missing", InferenceId="c31")
    assert lab.outcome(job).is_failure
    assert lab.message("c31")["invocationStatus"] == "Failed"
    lab.assert_received("c31", 0)


def test_check_32_a_missing_output_bucket_still_tells(lab: Lab) -> None:
    name = lab.named("c32")
    lab.serve(name, S3OutputPath=f"s3://{lab.place.bucket}-missing/out", S3FailurePath=None)
    job = lab.submit(name)
    assert lab.heard(job.inference_id)[0][0] == lab.error_topic


def test_check_33_without_a_failure_path_nothing_is_written(lab: Lab) -> None:
    name = lab.named("c33")
    lab.serve(name, S3FailurePath=None, S3OutputPath=f"{lab.root}/c33")
    job = lab.submit(name, orders="status=500")
    assert "responseParameters" not in lab.message(job.inference_id)
    assert lab.s3.list_objects_v2(Bucket=lab.place.bucket, Prefix=f"{lab.place.folder}c33/")["KeyCount"] == 0


def test_check_34_one_outcome_one_object(lab: Lab) -> None:
    good, bad = lab.submit(lab.main), lab.submit(lab.main, orders="status=500")
    lab.outcome(good)
    lab.outcome(bad)
    assert good.failure is not None
    assert lab.read(good.failure) is None
    assert lab.read(bad.output) is None
