"""Checks 19 to 26: what the container receives, and how its answer is stored."""

from __future__ import annotations

import hashlib

import pytest

from tests.e2e.conformance.lab.lab import Lab
from tests.e2e.conformance.lab.needs import needs

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452")
NPY = b"\x93NUMPY\x01\x00v\x00" + bytes(range(256))


@pytest.mark.parametrize("size", [0, 1_000_000, 7_000_000, 100_000_000])
def test_check_19_the_container_gets_the_exact_bytes(lab: Lab, size: int) -> None:
    body = (bytes(range(251)) * (size // 251 + 1))[:size]
    found = lab.report(InputLocation=lab.put(body))
    lab.script.seen.clear()
    assert found["size"] == size
    assert found["sha256"] == hashlib.sha256(body).hexdigest()


def test_check_20_headers_arrive_under_their_names(lab: Lab) -> None:
    found = lab.report(ContentType="text/csv", Accept="application/json", InferenceId="c 20")["headers"]
    assert found["content-type"] == "text/csv"
    assert found["accept"] == "application/json"
    assert found["x-amzn-sagemaker-custom-attributes"] == "report=1"
    assert found["x-amzn-sagemaker-inference-id"] == "c 20"


def test_check_21_the_objects_own_content_type_is_the_default(lab: Lab) -> None:
    assert lab.report(InputLocation=lab.put(b"x", "video/mp4"))["headers"]["content-type"] == "video/mp4"


def test_check_22_an_inline_body_is_the_same_request(lab: Lab) -> None:
    name = lab.named("c22")
    by_object = lab.report(InputLocation=lab.put(b"same"), ContentType="text/csv", InferenceId=name)
    inline = lab.report(Body=b"same", ContentType="text/csv", InferenceId=name)
    for found in (by_object, inline):
        found["headers"].pop("host", None)
    assert by_object == inline


def test_check_23_the_answer_is_stored_as_it_is(lab: Lab) -> None:
    stored = lab.run(orders="type=application/x-thing", Body=b"\x00\xff answer")
    assert (stored.body, stored.content_type, stored.is_failure) == (b"\x00\xff answer", "application/x-thing", False)


@pytest.mark.parametrize(("body", "kind"), [(PNG, "image/png"), (NPY, "application/x-npy")])
def test_check_24_binary_answers_survive(lab: Lab, body: bytes, kind: str) -> None:
    stored = lab.run(Body=body, ContentType=kind)
    assert (stored.body, stored.content_type) == (body, kind)


def test_check_24_an_empty_answer_is_an_empty_object(lab: Lab) -> None:
    assert lab.run(orders="empty=1").body == b""


@needs("chunked")
def test_check_25_an_answer_without_content_length_is_a_failure(lab: Lab) -> None:
    job = lab.submit(orders="chunked=1")
    assert lab.outcome(job).is_failure
    assert "(0)" in lab.message(job.inference_id)["failureReason"]


@needs("kms")
def test_check_26_an_output_is_encrypted_with_the_key_that_was_named(lab: Lab) -> None:
    name, kms = lab.named("c26"), lab.place.client("kms")
    key = kms.create_key(Description=name)["KeyMetadata"]["Arn"]
    lab.serve(name, KmsKeyId=key)
    bucket, _, place = lab.submit(name).output.removeprefix("s3://").partition("/")
    lab.s3.get_waiter("object_exists").wait(Bucket=bucket, Key=place, WaiterConfig={"Delay": 1})
    found = lab.s3.head_object(Bucket=bucket, Key=place)
    assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", key)
