"""Checks 35 to 42: the queue."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from deploy.core.waiting import wait_until
from tests.e2e.conformance.lab.lab import Lab, refusal
from tests.e2e.conformance.lab.needs import needs


@needs("container")
@pytest.mark.parametrize(("check", "count", "concurrency", "most"), [("c35a", 1, 1, 1), ("c35b", 1, 4, 4)])
def test_check_35_concurrency_is_what_the_config_says(
    lab: Lab, check: str, count: int, concurrency: int, most: int
) -> None:
    observe_concurrency(lab, lab.named(check), count, concurrency, most)


@needs("container")
def test_check_36_two_instances_work_twice_as_wide(lab: Lab) -> None:
    observe_concurrency(lab, lab.named("c36"), 2, 1, 2)


def observe_concurrency(lab: Lab, name: str, count: int, concurrency: int, most: int) -> None:
    lab.serve(name, count=count, concurrency=concurrency)
    jobs = [lab.submit(name, orders=f"tag={name};hold={name}", Body=b"x") for _ in range(8)]
    wait_until(lambda: lab.obedient.inside[name] == most or None, what=f"{most} inside", timeout_seconds=15)
    time.sleep(0.3)
    lab.obedient.gates[name].set()
    for job in jobs:
        lab.outcome(job)
    assert lab.obedient.most_inside[name] == most


def test_check_37_a_request_expires_in_the_queue(lab: Lab) -> None:
    name = lab.named("c37")
    lab.serve(name, concurrency=1)
    blocking = lab.submit(name, orders=lab.hold("c37", 20 if lab.clock else 180), Body=b"x")
    waiting = lab.submit(name, Body=b"x", RequestTTLSeconds=60, InferenceId=name)
    lab.wait_until_inside(blocking)
    lab.pass_seconds(61)
    assert lab.outcome(waiting).is_failure
    lab.open("c37")
    assert not lab.outcome(blocking).is_failure
    lab.assert_received(name, 0)
    assert lab.message(name)["invocationStatus"] == "Failed"


def test_check_38_a_thousand_jobs_have_a_thousand_outcomes(lab: Lab) -> None:
    name = lab.named("c38")
    lab.serve(name, S3OutputPath=f"{lab.root}/c38", concurrency=8)
    with ThreadPoolExecutor(8) as pool:
        jobs = list(pool.map(lambda number: lab.submit(name, Body=b"%d" % number), range(1000)))

    def stored() -> set[str] | None:
        pages = lab.s3.get_paginator("list_objects_v2").paginate(
            Bucket=lab.place.bucket, Prefix=f"{lab.place.folder}c38/"
        )
        found = {f"s3://{lab.place.bucket}/{item['Key']}" for page in pages for item in page.get("Contents", ())}
        return found if len(found) >= 1000 else None

    assert wait_until(stored, what="1,000 objects", timeout_seconds=lab.place.patient(180), every_seconds=0.5) == {
        job.output for job in jobs
    }
    heard = [lab.heard(job.inference_id, 60) for job in jobs]
    assert [len(messages) for messages in heard] == [1] * 1000
    for job in jobs:
        lab.assert_received(job.inference_id, 1)


def test_check_39_submitting_does_not_wait_for_the_container(lab: Lab) -> None:
    name = lab.named("c39")
    lab.serve(name, concurrency=1)
    jobs, worst = [], 0.0
    for _ in range(20):
        started = time.monotonic()
        jobs.append(lab.submit(name, orders=lab.hold("c39", 0.5), Body=b"x"))
        worst = max(worst, time.monotonic() - started)
    lab.open("c39")
    assert worst < 2
    for job in jobs:
        lab.outcome(job)


def test_check_40_at_zero_instances_jobs_wait(lab: Lab) -> None:
    name = lab.named("c40")
    lab.serve(name)
    found = lab.scale(name, 0)
    assert found["ProductionVariants"][0]["CurrentInstanceCount"] == 0
    assert found["EndpointStatus"] == "InService"
    jobs = [lab.submit(name, Body=b"x") for _ in range(3)]
    time.sleep(0.5)
    assert all(lab.read(job.output) is None for job in jobs)
    lab.scale(name, 1)
    assert all(not lab.outcome(job).is_failure for job in jobs)


def test_check_41_deleting_discards_the_backlog(lab: Lab) -> None:
    name = lab.named("c41")
    lab.serve(name, concurrency=1)
    jobs = [lab.submit(name, orders=lab.hold("c41", 60), Body=b"x") for _ in range(3)]
    lab.sagemaker.delete_endpoint(EndpointName=name)
    lab.sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=name, WaiterConfig=lab.place.waiter)
    lab.open("c41")
    time.sleep(0.5)
    assert all(lab.read(job.output) is None for job in jobs)
    assert refusal(lab.runtime.invoke_endpoint_async, EndpointName=name, Body=b"x")[2].endswith("not found.")
    assert lab.instances(name) == []


@needs("container")
def test_check_42_containers_get_thirty_seconds_between_term_and_kill(lab: Lab) -> None:
    name = lab.named("c42")
    lab.serve(name)
    [instance] = lab.instances(name)
    lab.sagemaker.delete_endpoint(EndpointName=name)
    wait_until(instance.ended, what="the container to end", timeout_seconds=10)
    assert instance.graces == [30.0]
