"""The running emulator, called by unmodified boto3."""

from __future__ import annotations

import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from deploy.core import header_text
from deploy.core.waiting import wait_until
from harness.core.errors import MachineCannot
from harness.emulator.context.settings import EmulatorSettings
from harness.emulator.server import Emulator
from tests.harness.emulator.containers import Said, Script, Seen, echo, serve
from tests.harness.emulator.running import RunningEmulator, config_request, running_emulator


def test_an_invocation_goes_all_the_way(running: RunningEmulator) -> None:
    running.serve()
    location = running.objects.put("s3://bucket/in/clip", b"frames", "video/mp4")
    answer = running.client.invoke_endpoint_async(EndpointName="ep", InputLocation=location, InferenceId="one")
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert answer["InferenceId"] == "one"
    assert answer["FailureLocation"].endswith("-error.out")
    stored = running.wait_for_object(answer["OutputLocation"])
    assert (stored.body, stored.content_type) == (b"frames", "video/mp4")
    assert running.wait_for_results(1)[0]["inferenceId"] == "one"


# "\u00c5" has the byte 0x85 in UTF-8, a line break to some readers; "\u00e0" ends in 0xa0, a space to others.
NAMES = ["clip\u00fc.mp4", "\u6620\u50cf.mp4", "caf\u00e9 \u00c5\u00e0", "\U0001f3a5", "a%20b+c%C3%BC?d#e"]


@pytest.mark.parametrize("name", NAMES)
def test_an_input_whose_key_is_not_ascii_is_found(running: RunningEmulator, name: str) -> None:
    running.serve()
    location = running.objects.put(f"s3://bucket/in/{name}", name.encode(), "video/mp4")
    answer = running.client.invoke_endpoint_async(EndpointName="ep", InputLocation=location)
    assert running.wait_for_object(answer["OutputLocation"]).body == name.encode()
    (message,) = running.wait_for_results(1)
    assert message["requestParameters"]["inputLocation"] == location


@pytest.mark.parametrize("name", NAMES[:4])
def test_a_result_is_found_where_the_path_for_results_is_not_ascii(running: RunningEmulator, name: str) -> None:
    """botocore takes the header's UTF-8 for Latin-1; our client reads it again."""
    request = config_request("ep")
    paths = {"S3OutputPath": f"s3://bucket/out/{name}", "S3FailurePath": f"s3://bucket/failed/{name}"}
    request["AsyncInferenceConfig"]["OutputConfig"] |= paths
    running.sagemaker.create_model(ModelName="ep", PrimaryContainer={"Image": "image:1"})
    running.sagemaker.create_endpoint_config(**request)
    running.sagemaker.create_endpoint(EndpointName="ep", EndpointConfigName="ep")
    running.wait_for("ep", "InService")
    answer = running.client.invoke_endpoint_async(EndpointName="ep", Body=b"frames")
    (message,) = running.wait_for_results(1)
    output, failure = (header_text.reread(answer[name]) for name in ("OutputLocation", "FailureLocation"))
    assert output.startswith(f"s3://bucket/out/{name}/")
    assert failure.startswith(f"s3://bucket/failed/{name}/")
    assert output == message["responseParameters"]["outputLocation"]
    assert running.objects.stored[output].body == b"frames"


def test_the_containers_own_attributes_come_back_as_they_were(running: RunningEmulator) -> None:
    running.serve(is_async=False)
    attributes = {"X-Amzn-SageMaker-Custom-Attributes": "frames=\u6620".encode().decode("latin-1")}
    running.script.answer = lambda _: Said(200, b"{}", {"Content-Type": "application/json", **attributes})
    answer = running.client.invoke_endpoint(EndpointName="ep", Body=b"x")
    assert header_text.reread(answer["CustomAttributes"]) == "frames=\u6620"


def test_a_hundred_jobs_have_a_hundred_outcomes_at_the_configured_concurrency(running: RunningEmulator) -> None:
    running.serve(count=2, concurrency=3)

    def answer(seen: Seen) -> Said:
        threading.Event().wait(0.01)
        return echo(seen)

    running.script.answer = answer
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda n: running.client.invoke_endpoint_async(EndpointName="ep", Body=b"%d" % n), range(100))
        )
    results = running.wait_for_results(100)
    assert sorted(one["inferenceId"] for one in results) == sorted(one["InferenceId"] for one in answers)
    assert len(running.script.seen) == 100
    assert running.script.most_inside <= 6
    assert len({seen.instance_id for seen in running.script.seen}) == 2


def test_submissions_do_not_wait_for_the_container(running: RunningEmulator) -> None:
    running.serve(concurrency=1)
    gate = threading.Event()

    def answer(seen: Seen) -> Said:
        gate.wait(10)
        return echo(seen)

    running.script.answer = answer
    started = time.monotonic()
    for _ in range(20):
        running.client.invoke_endpoint_async(EndpointName="ep", Body=b"x")
    assert time.monotonic() - started < 5
    assert running.script.most_inside <= 1
    gate.set()
    running.wait_for_results(20)


def test_a_crashed_instance_is_replaced_and_its_request_fails(running: RunningEmulator) -> None:
    running.serve(concurrency=1)
    inside, leave = threading.Event(), threading.Event()

    def answer(seen: Seen) -> Said:
        inside.set()
        leave.wait(10)
        return Said(drops_connection=True)

    running.script.answer = answer
    running.client.invoke_endpoint_async(EndpointName="ep", Body=b"x")
    assert inside.wait(10)
    running.runtime.instances[0].crash()
    leave.set()
    assert "(0)" in running.wait_for_results(1)[0]["failureReason"]
    running.script.answer = echo
    running.client.invoke_endpoint_async(EndpointName="ep", Body=b"y")
    assert running.wait_for_results(2)[1]["invocationStatus"] == "Completed"
    assert len(running.runtime.instances) == 2


def test_stopping_ends_instances_and_keeps_what_is_queued(tmp_path: Path) -> None:
    with running_emulator(tmp_path, drain_seconds=0.1) as running:
        running.serve(concurrency=1)
        running.script.answer = lambda _: Said(drops_connection=threading.Event().wait(2) or True)
        for _ in range(3):
            running.client.invoke_endpoint_async(EndpointName="ep", Body=b"x")
    assert running.runtime.running() == []
    with running_emulator(tmp_path) as again:
        assert len(again.wait_for_results(3)) == 3
        assert all(one["invocationStatus"] == "Completed" for one in again.topics.results())


def test_a_container_that_someone_else_runs_does_not_hold_up_the_stop(tmp_path: Path) -> None:
    gate = threading.Event()

    def answer(seen: Seen) -> Said:
        gate.wait(60)
        return echo(seen)

    with running_emulator(tmp_path, drain_seconds=0.1) as running:
        server = serve(Script(answer), "i-theirs")
        running.serve()
        running.runtime.instances[0].lend(server)
        running.client.invoke_endpoint_async(EndpointName="ep", Body=b"x")
        jobs = running.emulator.parts.records.jobs
        wait_until(lambda: jobs.count(1, "running") or None, what="the job", timeout_seconds=5)
        started = time.monotonic()
    assert time.monotonic() - started < 10
    gate.set()
    server.shutdown()
    server.server_close()


def test_one_state_folder_has_one_emulator(running: RunningEmulator) -> None:
    second = Emulator(running.emulator.settings, running.emulator.dependencies)
    with pytest.raises(MachineCannot, match="another emulator"):
        second.start()


def test_a_taken_port_is_named(running: RunningEmulator, tmp_path: Path) -> None:
    port = int(running.emulator.url.rpartition(":")[2])
    settings = EmulatorSettings(tmp_path / "other", "http://127.0.0.1:1", port=port)
    with pytest.raises(MachineCannot, match=str(port)):
        Emulator(settings, running.emulator.dependencies).start()


def test_health_lists_the_endpoints(running: RunningEmulator) -> None:
    running.serve()
    with urllib.request.urlopen(f"{running.emulator.url}/_rehearsal/health") as answer:  # noqa: S310 - our own address
        assert b'"ep": "InService"' in answer.read()


def test_a_real_time_endpoint_answers_at_once(running: RunningEmulator) -> None:
    running.serve("rt", is_async=False)
    answer = running.client.invoke_endpoint(
        EndpointName="rt", Body=b"abc", ContentType="text/plain", CustomAttributes="k=v"
    )
    assert answer["Body"].read() == b"abc"
    assert answer["ContentType"] == "text/plain"
    assert answer["InvokedProductionVariant"] == "AllTraffic"
    assert running.script.seen[0].headers["x-amzn-sagemaker-custom-attributes"] == "k=v"


def test_a_real_time_containers_error_is_a_model_error(running: RunningEmulator) -> None:
    running.serve("rt", is_async=False)
    running.script.answer = lambda _: Said(500, b"boom")
    with pytest.raises(running.client.exceptions.ModelError) as caught:
        running.client.invoke_endpoint(EndpointName="rt", Body=b"abc")
    assert caught.value.response["OriginalStatusCode"] == 500  # type: ignore[typeddict-item]  # modelled member
    assert caught.value.response["OriginalMessage"] == "boom"  # type: ignore[typeddict-item]  # modelled member
    assert 'Received server error (500) from primary with message "boom"' in str(caught.value)


def test_each_kind_of_endpoint_refuses_the_other_call(running: RunningEmulator) -> None:
    running.serve("rt", is_async=False)
    running.serve("ep")
    with pytest.raises(ClientError, match=r"Endpoint rt does not support this inference type\."):
        running.client.invoke_endpoint_async(EndpointName="rt", Body=b"x")
    with pytest.raises(ClientError, match=r"Endpoint ep does not support this inference type\."):
        running.client.invoke_endpoint(EndpointName="ep", Body=b"x")


def test_deleting_ends_instances(running: RunningEmulator) -> None:
    running.serve()
    running.sagemaker.delete_endpoint(EndpointName="ep")
    wait_until(lambda: True if not running.runtime.running() else None, what="no instances", timeout_seconds=5)
    running.sagemaker.get_waiter("endpoint_deleted").wait(
        EndpointName="ep", WaiterConfig={"Delay": 0, "MaxAttempts": 500}
    )
