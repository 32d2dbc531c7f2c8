"""One invocation from acceptance to its outcome, with a clock that the test sets."""

from __future__ import annotations

import base64
import json
import threading

import pytest

from harness.emulator.async_inference.outcomes import Cause, JobCompleted, JobFailed
from harness.emulator.protocol.faults import AwsFault
from harness.emulator.runtime.invoke_async import AsyncRequest
from tests.harness.emulator.containers import Said, Seen, echo
from tests.harness.emulator.world import ERROR, FAILURE, OUTPUT, SUCCESS, World

SIX_HOURS = 21600


def test_a_submitted_invocation_becomes_an_object_and_one_success_message(world: World) -> None:
    world.serve()
    accepted = world.submit(body=b'{"a":1}', object_type="application/json", inference_id="mine: 1")
    outcome = world.work()
    assert outcome == JobCompleted("application/json", 7)
    assert accepted.output_location is not None
    stored = world.objects.stored[accepted.output_location]
    assert (stored.body, stored.content_type) == (b'{"a":1}', "application/json")
    assert accepted.failure_location not in world.objects.stored
    assert len(world.topics.results(SUCCESS)) == 1
    assert world.topics.results(ERROR) == []


def test_the_success_message_has_the_keys_of_aws_in_the_order_of_aws(world: World) -> None:
    world.serve()
    accepted = world.submit(object_type="text/csv", inference_id="id-1", accept="text/csv")
    world.clock.pass_(1.5)
    world.work()
    topic, text = world.topics.published[-1]
    assert topic == SUCCESS
    assert text == (
        '{"awsRegion":"eu-west-1","eventTime":"2023-11-14T22:13:21.500Z","receivedTime":"2023-11-14T22:13:20.000Z",'
        '"invocationStatus":"Completed","requestParameters":{"accept":"text/csv","endpointName":"ep",'
        '"inputLocation":"s3://bucket/in/1"},"responseParameters":{"contentType":"text/csv",'
        f'"outputLocation":"{accepted.output_location}"}},"inferenceId":"id-1","eventVersion":"1.0",'
        '"eventSource":"aws:sagemaker","eventName":"InferenceResult"}'
    )


@pytest.mark.parametrize(("status", "side"), [(400, "client"), (413, "client"), (500, "server"), (503, "server")])
def test_a_containers_error_is_its_own_body_in_the_failure_object(world: World, status: int, side: str) -> None:
    world.serve()
    world.script.answer = lambda _: Said(status, b'{"error":"no"}', {"Content-Type": "application/json"})
    accepted = world.submit()
    world.work()
    assert accepted.failure_location is not None
    assert world.objects.stored[accepted.failure_location].body == b'{"error":"no"}'
    assert accepted.output_location not in world.objects.stored
    [message] = world.topics.results()
    assert message["failureReason"] == (
        f"ClientError: Received {side} error ({status}) from model."
        " See the SageMaker Endpoint logs in your account for more information."
    )
    assert message["responseParameters"] == {"failureLocation": accepted.failure_location}
    assert len(world.script.seen) == 1, "SageMaker does not retry"


def test_without_a_failure_path_nothing_is_written_and_nothing_is_promised(world: World) -> None:
    world.serve(S3FailurePath=None)
    world.script.answer = lambda _: Said(500, b"boom")
    accepted = world.submit()
    world.work()
    assert accepted.failure_location is None
    assert world.objects.writes == []
    assert "responseParameters" not in world.topics.results(ERROR)[0]


@pytest.mark.parametrize(
    "said",
    [
        Said(drops_connection=True),
        Said(200, b"x", is_chunked=True),
        Said(200, b"x", {"X-Long": "y" * 5000}),
    ],
    ids=["dropped connection", "no content length", "headers too long"],
)
def test_no_usable_answer_is_a_server_error_zero(world: World, said: Said) -> None:
    world.serve()
    world.script.answer = lambda _: said
    accepted = world.submit()
    outcome = world.work()
    assert isinstance(outcome, JobFailed)
    assert outcome.cause is Cause.NO_ANSWER
    assert "Received server error (0) from model." in outcome.reason
    assert accepted.failure_location is not None
    assert world.objects.stored[accepted.failure_location].body == outcome.reason.encode()
    assert accepted.output_location not in world.objects.stored


def test_a_request_over_its_timeout_fails_and_frees_its_slot(world: World) -> None:
    endpoint = world.serve(concurrency=1)
    slow = threading.Event()

    def answer(seen: Seen) -> Said:
        slow.wait(5)
        return echo(seen)

    world.script.answer = answer
    world.submit(timeout_seconds=1)
    outcome = world.work()
    slow.set()
    assert isinstance(outcome, JobFailed)
    assert "(0)" in outcome.reason
    assert world.parts.registry.acquire(endpoint.id) is not None


def test_a_request_that_outlived_its_time_in_the_queue_never_reaches_the_container(world: World) -> None:
    endpoint = world.serve()
    world.submit(ttl_seconds=60)
    long_lived = world.submit(ttl_seconds=SIX_HOURS)
    world.clock.pass_(60)
    assert world.parts.engine.expire(endpoint.id) == 1
    assert isinstance(world.work(), JobCompleted)
    assert world.work() is None
    assert len(world.script.seen) == 1
    [message] = world.topics.results(ERROR)
    assert "expired" in message["failureReason"]
    assert world.job(long_lived).state == "done"
    world.submit()
    world.clock.pass_(SIX_HOURS)
    assert world.work() is None
    assert world.parts.engine.expire(endpoint.id) == 1


def test_missing_input_fails_without_asking_the_container(world: World) -> None:
    world.serve()
    accepted = world.parts.submissions.submit(AsyncRequest("ep", input_location="s3://bucket/nothing"))
    outcome = world.work()
    assert isinstance(outcome, JobFailed)
    assert outcome.cause is Cause.DOWNLOAD
    assert world.script.seen == []
    assert accepted.failure_location in world.objects.stored
    assert "s3://bucket/nothing" in world.topics.results(ERROR)[0]["failureReason"]


def test_a_missing_output_bucket_fails_with_a_message(world: World) -> None:
    world.serve(S3OutputPath="s3://elsewhere/out")
    world.submit()
    outcome = world.work()
    assert isinstance(outcome, JobFailed)
    assert outcome.cause is Cause.UPLOAD
    assert len(world.topics.results(ERROR)) == 1
    assert world.topics.results(SUCCESS) == []


def test_headers_reach_the_container_as_the_caller_gave_them(world: World) -> None:
    world.serve()
    world.submit(object_type="video/mp4", accept="application/json", custom_attributes="a=1;b=2", inference_id="x 1")
    world.work()
    [seen] = world.script.seen
    assert seen.headers["content-type"] == "video/mp4", "the S3 object's own"
    assert seen.headers["accept"] == "application/json"
    assert seen.headers["x-amzn-sagemaker-custom-attributes"] == "a=1;b=2"
    assert seen.headers["x-amzn-sagemaker-inference-id"] == "x 1"


def test_an_explicit_content_type_wins_over_the_objects(world: World) -> None:
    world.serve()
    location = world.objects.put("s3://bucket/clip", b"x", "text/plain")
    world.parts.submissions.submit(AsyncRequest("ep", input_location=location, content_type="video/mp4"))
    world.work()
    assert world.script.seen[0].headers["content-type"] == "video/mp4"


def test_an_inline_body_looks_to_the_container_like_an_object(world: World) -> None:
    world.serve()
    accepted = world.parts.submissions.submit(AsyncRequest("ep", body=b"inline", content_type="text/plain"))
    world.work()
    assert world.script.seen[0].body == b"inline"
    assert world.objects.stored[str(accepted.output_location)].body == b"inline"
    assert "inputLocation" not in world.topics.results(SUCCESS)[0]["requestParameters"]
    assert list(world.settings.spool_dir.iterdir()) == []


@pytest.mark.parametrize("given", [{}, {"body": b"x", "input_location": "s3://bucket/k"}], ids=["neither", "both"])
def test_exactly_one_input_is_required(world: World, given: dict[str, object]) -> None:
    world.serve()
    with pytest.raises(AwsFault, match="Exactly one of Body and InputLocation"):
        world.parts.submissions.submit(AsyncRequest("ep", **given))  # type: ignore[arg-type]  # parametrized


def test_included_responses_are_base64_and_only_small_ones(world: World) -> None:
    world.serve(include=("SUCCESS_NOTIFICATION_TOPIC",))
    world.submit(body=b"\x00small")
    world.work()
    world.submit(body=b"x" * (128 * 1024 + 1))
    world.work()
    small, large = world.topics.results(SUCCESS)
    assert base64.b64decode(small["responseBody"]["content"]) == b"\x00small"
    assert small["responseBody"]["encoding"] == "BASE64"
    assert list(small["responseBody"]) == ["content", "message", "encoding"]
    assert "responseBody" not in large


def test_equal_inference_ids_are_two_jobs(world: World) -> None:
    world.serve()
    first, second = world.submit(inference_id="same"), world.submit(inference_id="same")
    assert first.output_location != second.output_location
    world.work()
    world.work()
    assert len(world.script.seen) == 2


def test_locations_join_without_double_slashes(world: World) -> None:
    world.serve(S3OutputPath="s3://bucket/out/", S3FailurePath="s3://bucket/failed/")
    plain = world.submit()
    assert plain.output_location is not None
    assert plain.output_location.startswith(f"{OUTPUT}/")
    assert "//" not in plain.output_location.removeprefix("s3://")
    uuid = plain.output_location.rpartition("/")[2].removesuffix(".out")
    assert plain.failure_location == f"{FAILURE}/{uuid}-error.out"
    named = world.submit(path_extension="/a/b/", filename="result.json")
    assert named.output_location == "s3://bucket/out/a/b/result.json"
    assert named.failure_location == "s3://bucket/failed/a/b/result-error.out"


def test_a_topic_that_is_gone_costs_the_message_not_the_result(world: World) -> None:
    world.serve()
    world.topics.missing.add(SUCCESS)
    accepted = world.submit()
    assert isinstance(world.work(), JobCompleted)
    assert accepted.output_location in world.objects.stored
    assert [datum.name for datum in world.parts.meter.take() if datum.name == "NotificationFailures"] == [
        "NotificationFailures"
    ]


def test_while_the_cloud_is_away_jobs_wait_and_none_vanish(world: World) -> None:
    endpoint = world.serve()
    accepted = world.submit()
    world.objects.is_reachable = False
    assert world.work() is None
    assert world.job(accepted).state == "queued"
    assert world.work() is None, "it rests before it is tried again"
    world.objects.is_reachable = True
    world.clock.pass_(5)
    world.topics.is_reachable = False
    assert world.work() is None
    assert world.job(accepted).state == "settling"
    assert world.script.seen, "the container answered; only the delivery is owed"
    world.topics.is_reachable = True
    world.clock.pass_(5)
    assert world.parts.engine.settle(endpoint.id) == 1
    assert world.job(accepted).state == "done"
    assert len(world.script.seen) == 1
    assert len(world.topics.results(SUCCESS)) == 1


def test_a_job_under_way_when_the_emulator_died_is_taken_up_again(world: World) -> None:
    endpoint = world.serve()
    accepted = world.submit()
    assert world.parts.engine.assign(endpoint.id) is not None
    assert world.job(accepted).state == "running"
    world.restart()
    assert world.job(accepted).state == "queued"
    world.step_until("ep", lambda found: bool(world.parts.registry.instance_counts(found.id).get("AllTraffic")))
    assert isinstance(world.work(), JobCompleted)
    assert len(world.topics.results()) == 1


def test_a_decided_outcome_survives_the_emulators_death_and_is_not_asked_again(world: World) -> None:
    endpoint = world.serve()
    accepted = world.submit()
    world.topics.is_reachable = False
    world.work()
    world.topics.is_reachable = True
    world.restart()
    world.clock.pass_(5)
    assert world.parts.engine.settle(endpoint.id) == 1
    assert world.job(accepted).state == "done"
    assert len(world.script.seen) == 1


def test_a_deleted_endpoint_takes_its_backlog_with_it(world: World) -> None:
    world.serve()
    accepted = world.submit()
    assignment = world.parts.engine.assign(world.endpoint().id)
    assert assignment is not None
    world.call("DeleteEndpoint", EndpointName="ep")
    assert world.parts.engine.perform(assignment) is None
    assert accepted.output_location not in world.objects.stored
    world.step()
    assert world.runtime.running() == []
    assert world.topics.results() == []
    with pytest.raises(AwsFault, match=r"Endpoint ep of account 000000000000 not found\."):
        world.submit()


def test_the_data_log_quotes_the_container(world: World) -> None:
    world.serve()
    world.script.answer = lambda _: Said(500, b"out of luck")
    world.submit(inference_id="id-7")
    world.work()
    [log] = world.settings.logs_dir.glob("ep/AllTraffic/*/data-log")
    assert (
        '[sagemaker logs] [id-7] Received server error (500) from primary with message "out of luck"' in log.read_text()
    )


def test_a_surprise_while_delivering_is_tried_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = world.serve()
    accepted = world.submit()
    with monkeypatch.context() as broken:
        broken.setattr(world.objects, "store", lambda *_, **__: 1 / 0)
        assert world.work() is None
    assert world.job(accepted).state == "settling"
    world.clock.pass_(5)
    assert world.parts.engine.settle(endpoint.id) == 1
    assert world.job(accepted).state == "done"


def test_a_request_that_nobody_took_is_tried_again(world: World) -> None:
    world.serve()
    accepted = world.submit()
    world.runtime.instances[0].close()
    assert world.work() is None
    assert world.job(accepted).state == "queued"
    assert world.topics.results() == []


def test_messages_are_compact_json(world: World) -> None:
    world.serve()
    world.submit(inference_id="ü")
    world.work()
    text = world.topics.published[-1][1]
    assert text == json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)
