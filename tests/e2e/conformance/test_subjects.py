"""How the checks choose their subject, and that no run reaches AWS unasked. These tests stay on this machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ProfileNotFound

from tests.e2e.conformance.lab import aws
from tests.e2e.conformance.lab.deleting import Made, Run
from tests.e2e.conformance.lab.lab import Lab
from tests.e2e.conformance.lab.ledger import TAG, Ledger, LeftBehind, NotOurs
from tests.e2e.conformance.lab.models import image, model_lab
from tests.e2e.conformance.lab.needs import LACKS, REASONS, needs
from tests.e2e.conformance.obedient import inference

GIVEN = {
    "--aws-profile": "nobody",
    "--aws-region": "us-east-1",
    "--aws-role-arn": "arn:aws:iam::123456789012:role/sagemaker",
    "--aws-bucket": "somebodys-bucket",
}


RUN = Run("ledger-", "conformance", "ledger/", "eu-west-1", "000000000000", has_logs=False)


def settings(**more: str) -> aws.AwsSettings:
    return aws.read((GIVEN | {f"--aws-{name.replace('_', '-')}": value for name, value in more.items()}).get, {})


@pytest.mark.parametrize("missing", GIVEN)
def test_aws_is_asked_for_in_every_word_or_not_at_all(missing: str) -> None:
    given = {name: value for name, value in GIVEN.items() if name != missing}
    with pytest.raises(pytest.UsageError, match=missing):
        aws.read(given.get, {})
    variable = aws.variable(missing.removeprefix("--aws-"))
    assert aws.read(given.get, {variable: GIVEN[missing]}) == settings()


def test_the_option_alone_ends_the_run_before_it_begins(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "REHEARSAL_"))}
    command = [sys.executable, "-m", "pytest", str(Path(__file__).parent), "--against", "aws", "-p", "no:cacheprovider"]
    ran = subprocess.run(command, env=kept, capture_output=True, text=True, timeout=120, check=False)
    assert ran.returncode == pytest.ExitCode.USAGE_ERROR
    assert "--aws-profile (or REHEARSAL_AWS_PROFILE), --aws-region" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_checks_on_aws_are_marked_live_and_no_others() -> None:
    env = os.environ | {aws.variable(name.removeprefix("--aws-")): value for name, value in GIVEN.items()}
    command = [sys.executable, "-m", "pytest", str(Path(__file__).parent), "--collect-only", "-q", "--no-header"]
    command += ["--against", "aws", "-p", "no:cacheprovider", "-m", "not live"]
    ran = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert "test_subjects.py" in ran.stdout
    assert "test_check_" not in ran.stdout


def test_the_price_is_said_before_anything_is_made() -> None:
    assert settings(usd_per_hour="0.2", minutes="90").usd_at_most == pytest.approx(0.2 * 3 * 1.5)
    said = aws.estimate(settings(usd_per_hour="0.2", minutes="90"))
    assert "at most 0.90 USD" in said
    assert "ml.m5.large" in said
    assert settings().price.usd_per_hour > 0, "the table knows ml.m5.large"


@pytest.mark.parametrize(
    "wrong", [{"minutes": "0"}, {"minutes": "soon"}, {"usd_per_hour": "-1"}, {"instance_type": "ml.unheard.of"}]
)
def test_settings_without_a_bound_or_a_price_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(pytest.UsageError):
        settings(**wrong)


def test_no_credentials_but_the_named_profiles_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "some")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "body")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    said: list[str] = []
    with pytest.raises(ProfileNotFound), aws.against_aws(settings(), tmp_path, sweep=False, say=said.append):
        pytest.fail("there is no such profile")
    assert "at most" in said[0]


def test_what_an_interrupted_run_left_is_not_forgotten(tmp_path: Path) -> None:
    left = tmp_path / aws.LEDGERS / "rehearsal-12345678.json"
    left.parent.mkdir(parents=True)
    left.write_text("{}")
    with (
        pytest.raises(pytest.UsageError, match="--aws-sweep"),
        aws.against_aws(settings(), tmp_path, sweep=False, say=print),
    ):
        pytest.fail("an earlier run's things are still there")


def test_the_bound_interrupts_as_ctrl_c_does() -> None:
    said: list[str] = []
    with pytest.raises(KeyboardInterrupt), aws.bounded(0.2, said.append):
        time.sleep(20)
    assert "everything is deleted" in said[0]


def test_the_image_is_the_official_one_of_the_region() -> None:
    found = image("eu-west-1", "ml.m5.large")
    assert found.startswith("763104351884.dkr.ecr.eu-west-1.amazonaws.com/pytorch-inference:")
    assert "-cpu-" in found


def test_every_need_has_its_reason_and_moto_is_asked_everything() -> None:
    assert LACKS["toolkit"] < LACKS["aws"] <= set(REASONS)
    assert LACKS["emulator"] == LACKS["moto"] == set()


# The lab of models, its ledger and its names, with an emulator and a local cloud in place of AWS


@pytest.fixture
def ledger(lab: Lab, tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(tmp_path / "ledger.json", RUN,
                  lab.place.client)  # fmt: skip
    yield made
    if made.path.exists():
        made.close()


@pytest.fixture
def place_of(lab: Lab) -> Callable[[Ledger], Any]:
    return lambda ledger: replace(
        lab.place, prefix=ledger.run.prefix, folder=ledger.run.folder, role_arn=GIVEN["--aws-role-arn"]
    )


def everything(lab: Lab, run: Run) -> list[str]:
    """Return all resources of a run in the account."""
    objects = lab.s3.list_objects_v2(Bucket=run.bucket, Prefix=run.folder).get("Contents", [])
    names = [item["Key"] for item in objects]
    names += [one["ModelName"] for one in lab.sagemaker.list_models(NameContains=run.prefix)["Models"]]
    configs = lab.sagemaker.list_endpoint_configs(NameContains=run.prefix)["EndpointConfigs"]
    names += [one["EndpointConfigName"] for one in configs]
    names += [one["EndpointName"] for one in lab.sagemaker.list_endpoints(NameContains=run.prefix)["Endpoints"]]
    names += [arn for one in lab.sns.list_topics()["Topics"] if run.prefix in (arn := one["TopicArn"])]
    names += lab.sqs.list_queues(QueueNamePrefix=run.prefix).get("QueueUrls", [])
    alarms = lab.cloudwatch.describe_alarms(AlarmNamePrefix=run.prefix)["MetricAlarms"]
    targets = lab.scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    names += [one["AlarmName"] for one in alarms]
    return names + [one["ResourceId"] for one in targets if run.prefix in one["ResourceId"]]


def make_everything(made: Lab) -> None:
    made.prepare()
    made.scaling.register_scalable_target(
        ServiceNamespace="sagemaker", ResourceId=f"endpoint/{made.main}/variant/AllTraffic",
        ScalableDimension="sagemaker:variant:DesiredInstanceCount", MinCapacity=1, MaxCapacity=2,
    )  # fmt: skip
    made.cloudwatch.put_metric_alarm(
        AlarmName=made.named("alarm"), Namespace="test", MetricName="test", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    assert not made.run(made.main).is_failure


@needs("container")
def test_nothing_stays_when_a_run_is_interrupted(lab: Lab, ledger: Ledger, place_of: Callable[[Ledger], Any]) -> None:
    def interrupted_run() -> None:
        with model_lab(place_of(ledger), ledger, lab.emulator) as made:
            make_everything(made)
            assert len(everything(lab, ledger.run)) > 8
            tags = lab.sagemaker.list_tags(ResourceArn=made.place.arn("sagemaker", f"endpoint/{made.main}"))["Tags"]
            assert tags == [{"Key": TAG, "Value": "ledger-"}]
            made.create(made.named("half-made"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted_run()
    assert everything(lab, ledger.run) == []
    assert not ledger.path.exists()


@needs("container")
def test_a_run_that_was_killed_is_swept_from_its_ledger(
    lab: Lab, ledger: Ledger, place_of: Callable[[Ledger], Any]
) -> None:
    make_everything(replace(lab, place=replace(place_of(ledger), client=ledger.client, makes_bucket=False)))
    assert everything(lab, ledger.run)
    Ledger.load(ledger.path, lab.place.client).close()
    assert everything(lab, ledger.run) == []


@needs("container")
def test_what_cannot_be_deleted_is_named_and_remembered(lab: Lab, ledger: Ledger) -> None:
    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not you"}}, "DeleteTopic")

    ledger.client("sns").create_topic(Name="ledger-topic")
    ledger.client("sqs").create_queue(QueueName="ledger-queue")
    ledger.client("sns").meta.events.register("before-call.sns.DeleteTopic", refuse)
    with pytest.raises(LeftBehind, match=r"ledger\.json: CreateTopic ledger-topic"):
        ledger.close()
    assert [one["name"] for one in json.loads(ledger.path.read_text())["made"]] == ["ledger-topic"]
    ledger.client("sns").meta.events.unregister("before-call.sns.DeleteTopic", refuse)


@needs("container")
@pytest.mark.parametrize(
    ("service", "operation", "request_"),
    [
        ("sagemaker", "delete_endpoint", {"EndpointName": "somebodys"}),
        ("sagemaker", "create_model", {"ModelName": "somebodys"}),
        ("sagemaker", "delete_tags", {"ResourceArn": "arn:aws:sagemaker:::ledger-x", "TagKeys": ["a"]}),
        ("s3", "put_object", {"Bucket": "conformance", "Key": "somebodys"}),
        ("s3", "put_object", {"Bucket": "somebodys", "Key": "ledger/x"}),
        ("s3", "delete_bucket", {"Bucket": "conformance"}),
        ("sns", "delete_topic", {"TopicArn": "arn:aws:sns:eu-west-1:000000000000:somebodys"}),
        ("sqs", "delete_queue", {"QueueUrl": "http://127.0.0.1/000000000000/somebodys"}),
        ("cloudwatch", "delete_alarms", {"AlarmNames": ["ledger-1", "somebodys"]}),
    ],
)
def test_what_is_not_ours_is_not_touched(
    ledger: Ledger, service: str, operation: str, request_: Mapping[str, Any]
) -> None:
    before = list(ledger.made)
    with pytest.raises(NotOurs):
        getattr(ledger.client(service), operation)(**request_)
    assert ledger.made == before == [Made("Objects", "ledger/")]


# The obedient model, without a container


@dataclass
class Context:
    """The part of TorchServe's context that the model uses."""

    headers: Mapping[str, str]
    status: int = field(default=0)

    def get_all_request_header(self, idx: int) -> Mapping[str, str]:
        return self.headers

    def set_response_status(self, code: int, phrase: str) -> None:
        self.status = code


def ask(orders: str, body: bytes | str | None = b"body") -> tuple[int, tuple[bytes, str]]:
    context = Context({"X-Amzn-SageMaker-Custom-Attributes": orders, "Content-Type": "text/plain"})
    answer = inference.transform_fn("model", body, "text/plain", "application/json", context)
    return context.status, answer


def test_the_model_does_what_it_is_told() -> None:
    assert ask("") == (200, (b"body", "text/plain"))
    assert ask("", None) == (200, (b"", "text/plain"))
    assert ask("status=500;type=a/b") == (500, (b"body", "a/b"))
    assert ask("empty=1") == (200, (b"", "text/plain"))
    found = json.loads(ask("report=1", "text")[1][0])
    assert (found["size"], found["headers"]["content-type"]) == (4, "text/plain")


@pytest.mark.parametrize("order", ["drop=1", "chunked=1", "hold=gate"])
def test_the_model_refuses_what_torchserve_cannot_do(order: str) -> None:
    with pytest.raises(inference.BeyondTorchServe, match=order.partition("=")[0]):
        ask(order)
