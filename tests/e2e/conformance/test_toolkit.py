"""Checks 62 to 67: the official serving stack, TorchServe and the SageMaker toolkit, run by the emulator."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.core.waiting import wait_until
from harness.emulator.app import Dependencies
from harness.emulator.context.settings import EmulatorSettings
from harness.emulator.server import Emulator
from harness.local_cloud.clients import local_client
from harness.local_cloud.localstack import EmbeddedCloud
from harness.serving.runtimes.process import ProcessRuntime
from harness.serving.stacks.torchserve import TORCHSERVE
from tests import wheels
from tests.e2e.conformance.conftest import local_place
from tests.e2e.conformance.lab.lab import Lab
from tests.e2e.conformance.lab.needs import needs
from tests.harness.serving.archives import archive

CURIOUS = """
import json, rehearsal_probe

def model_fn(model_dir):
    return model_dir

def transform_fn(model, data, content_type, accept, context):
    seen = {"model_dir": model, "type": type(data).__name__, "content_type": content_type, "accept": accept,
            "context": type(context).__name__, "probe": rehearsal_probe.ANSWER}
    return json.dumps(seen), "application/json"
"""
FAILING = """
def model_fn(model_dir):
    return model_dir

def predict_fn(data, model):
    raise ValueError("not with me")
"""
MIXED = """
def model_fn(model_dir):
    return model_dir

def transform_fn(model, data, content_type, accept):
    return data, accept

def predict_fn(data, model):
    return data
"""


@pytest.fixture(scope="module")
def served(lab: Lab, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Yield the lab if its containers are real, else a lab with an emulator that runs real ones."""
    if not lab.place.is_scripted:
        yield lab
        return
    cloud: EmbeddedCloud = request.getfixturevalue("cloud")
    state_dir = tmp_path_factory.mktemp("toolkit") / "state"
    runtime = ProcessRuntime(state_dir, local_client("s3", endpoint_url=cloud.url, region=lab.place.region), TORCHSERVE)
    dependencies: Dependencies = replace(lab.emulator.dependencies, runtime=runtime)
    settings = EmulatorSettings(state_dir, cloud.url, stop_grace_seconds=5)
    with Emulator(settings, dependencies) as emulator:
        place = local_place(emulator.url, cloud.url, is_scripted=False)
        made = Lab(place, emulator, lab.script, lab.runtime_of_instances, lab.obedient, lab.clock)
        made.success_topic, made.error_topic, made.queue = lab.success_topic, lab.error_topic, lab.queue
        yield made


def deploy(served: Lab, name: str, handler: str, more: Mapping[str, bytes] | None = None) -> str:
    """Deploy the handler and return the endpoint's name."""
    named, key = served.named(name), f"{served.place.folder}models/{name}.tar.gz"
    files = {"model.pth": b"weights", "code/inference.py": handler.encode(), **(more or {})}
    served.s3.put_object(Bucket=served.place.bucket, Key=key, Body=archive(files))
    container: Any = {**served.place.container, "ModelDataUrl": f"s3://{served.place.bucket}/{key}"}
    served.sagemaker.create_model(**served.place.model(named) | {"PrimaryContainer": container})
    startup = {"ContainerStartupHealthCheckTimeoutInSeconds": 60}
    served.sagemaker.create_endpoint_config(**served.config(named, variant=startup))
    served.sagemaker.create_endpoint(EndpointName=named, EndpointConfigName=named)
    return named


@pytest.fixture(scope="module")
def curious(served: Lab) -> Iterator[str]:
    requirements = b"--no-index\n--find-links wheels\nrehearsal-probe==1.0\n"
    probe = wheels.wheel("rehearsal_probe", modules={"rehearsal_probe.py": "ANSWER = 42\n"})
    vendored = {f"code/wheels/{wheels.file_name('rehearsal_probe')}": probe}
    name = deploy(served, "curious", CURIOUS, {"code/requirements.txt": requirements, **vendored})
    served.wait_for_status(name, "InService", 120)
    yield name
    served.sagemaker.delete_endpoint(EndpointName=name)


def seen(served: Lab, **request: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(served.run(served.named("curious"), **request).body)
    return found


def test_check_62_requirements_are_there_before_the_handler(served: Lab, curious: str) -> None:
    assert seen(served, Body=b"x", ContentType="a/b")["probe"] == 42
    assert seen(served, Body=b"x", ContentType="a/b")["model_dir"].endswith("/model")


@needs("emulator")
def test_check_63_mixed_functions_never_get_healthy(served: Lab) -> None:
    name = deploy(served, "mixed", MIXED)
    text = "Cannot use transform_fn implementation in conjunction with input_fn, predict_fn, and/or output_fn"
    logs = served.emulator.settings.logs_dir / name / "AllTraffic"
    wait_until(
        lambda: any(text in log.read_text(errors="replace") for log in logs.glob("*.log")) or None,
        what="the ValueError in the container's log", timeout_seconds=50, every_seconds=0.5,
    )  # fmt: skip
    # TorchServe answers /ping before the model is loaded, so the endpoint may be InService briefly.
    if served.sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "Creating":
        served.pass_seconds(61)
        served.wait_for_status(name, "Failed")
    else:
        assert served.run(name, Body=b"x", InvocationTimeoutSeconds=20).is_failure
    served.sagemaker.delete_endpoint(EndpointName=name)


def test_check_64_a_fifth_argument_gets_the_context(served: Lab, curious: str) -> None:
    assert seen(served, Body=b"x", ContentType="a/b")["context"] == "Context"


def test_check_65_an_exception_is_a_500_with_its_traceback(served: Lab) -> None:
    name = deploy(served, "failing", FAILING)
    served.wait_for_status(name, "InService", 120)
    stored = served.run(name, Body=b"[1]", ContentType="application/json")
    assert stored.is_failure
    assert stored.body.startswith(b"not with me\nTraceback (most recent call last):")
    job = served.submit(name, Body=b"x", ContentType="application/unheard-of")
    assert b"Content type application/unheard-of is not supported by this framework." in served.outcome(job).body
    assert "(500)" in served.message(job.inference_id)["failureReason"]
    served.sagemaker.delete_endpoint(EndpointName=name)


@pytest.mark.parametrize("given", [{}, {"Accept": "*/*"}], ids=["missing", "anything"])
def test_check_66_no_wish_means_json(served: Lab, curious: str, given: dict[str, str]) -> None:
    assert seen(served, Body=b"x", ContentType="a/b", **given)["accept"] == "application/json"


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [("text/csv", "str"), ("application/json", "str"), ("application/json; charset=utf-8", "bytes"), ("a/b", "bytes")],
)
def test_check_67_only_exact_text_types_are_decoded(served: Lab, curious: str, content_type: str, kind: str) -> None:
    found = seen(served, Body=b"[1]", ContentType=content_type)["type"]
    assert found == kind or {found, kind} == {"bytes", "bytearray"}


def test_the_obedient_model_obeys_behind_torchserve(served: Lab) -> None:
    name = deploy(served, "obedient", (Path(__file__).with_name("obedient") / "inference.py").read_text())
    served.wait_for_status(name, "InService", 120)
    stored = served.run(name, "type=application/x-thing", Body=b"\x00\xff", ContentType="image/png")
    assert (stored.body, stored.content_type, stored.is_failure) == (b"\x00\xff", "application/x-thing", False)
    refused = served.submit(name, "status=400", Body=b"why not")
    assert served.outcome(refused).body == b"why not"
    assert "client error (400)" in served.message(refused.inference_id)["failureReason"]
    found = served.report(name, Body=b"a,b", ContentType="text/csv", Accept="a/b")
    assert (found["size"], found["headers"]["accept"]) == (3, "a/b")
    assert b"cannot do drop" in served.run(name, "drop=1", Body=b"x").body
    served.sagemaker.delete_endpoint(EndpointName=name)
