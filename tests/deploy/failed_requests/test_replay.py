"""From a failure object, an input or a notification to a folder that holds the request and what served it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.apply.ledger import Ledger
from deploy.async_client import Request, Submitted, submit
from deploy.aws import Clients
from deploy.core.digests import digest_of_file
from deploy.core.errors import AwsRefused, ConfigurationError
from deploy.failed_requests import kept, replay
from deploy.failed_requests.clues import Places
from deploy.failed_requests.replay import Asked, Found, Source
from deploy.promote.promote import PromotionRequest, destination, promote
from deploy.promote.recording import store_of
from tests.deploy.cloud import Refusal
from tests.deploy.promotion_requests import promotion_request
from tests.deploy.watched_cloud import GOOD_ANSWER, START, WatchedCloud

SETTINGS = '[handler.environment]\nFRAME_INTERVAL = 5\nHF_TOKEN = "hf_very_secret"\n'
REFUSED = {"code": "model_error", "message": "frame 3 of 9 is torn"}


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")


@dataclass
class Stage:
    """A promoted endpoint that answers nothing."""

    cloud: WatchedCloud
    promotion_request: PromotionRequest
    folder: Path

    @property
    def clients(self) -> Clients:
        return self.cloud.clients()

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.folder / "ledger.jsonl", now=self.cloud.clock().today)

    @property
    def places(self) -> Places:
        bucket = f"s3://{self.promotion_request.desired.bucket.name}/async"
        return Places("demo", f"{bucket}/input", f"{bucket}/output", f"{bucket}/failure")

    @property
    def bucket(self) -> str:
        return self.promotion_request.desired.bucket.name

    def fetch(self, asked: Asked, clients: Clients | None = None) -> Found:
        source = Source(
            clients or self.clients, store_of(self.promotion_request.desired), self.places, self.ledger.entries()
        )
        return replay.fetch(source, asked, self.folder / "replays", self.cloud.clock().today())

    def submit(self, name: str = "clip.mp4", **options: Any) -> Submitted:
        file = self.folder / name
        file.write_bytes(b"a clip that nobody can read")
        request = Request(file, **({"content_type": "video/mp4"} | options))
        return submit(self.clients, destination(self.promotion_request.desired), request)

    def put(self, key: str, body: bytes, *, content_type: str = "video/mp4", metadata: Any = None) -> str:
        """An object that no sender of ours wrote."""
        self.clients.s3.put_object(
            Bucket=self.bucket, Key=key, Body=body, ContentType=content_type, Metadata=metadata or {}
        )
        return f"s3://{self.bucket}/{key}"


@pytest.fixture
def stage(cloud: WatchedCloud, tmp_path: Path) -> Stage:
    made = Stage(cloud, promotion_request(tmp_path / "first", extra=SETTINGS), tmp_path)
    promote(made.promotion_request, cloud.clients(), ledger=made.ledger, clock=cloud.clock())
    cloud.answer = lambda _: None
    return made


def test_a_failure_leads_to_the_request_and_to_what_served_it(stage: Stage) -> None:
    sent = stage.submit(attributes="masks=rle", accept="application/jsonlines")
    found = stage.fetch(Asked(sent.failure_url))
    request, served = found.kept.request, found.kept.served
    assert (found.folder / request.file).read_bytes() == b"a clip that nobody can read"
    assert (request.url, request.inference_id) == (sent.input_url, sent.inference_id)
    assert (request.content_type, request.accept) == ("video/mp4", "application/jsonlines")
    assert (request.custom_attributes, request.invocation_timeout_seconds) == ("masks=rle", 900)
    assert served.release == stage.promotion_request.desired.release
    assert served.environment["FRAME_INTERVAL"] == "5"
    assert digest_of_file(found.folder / "model.tar.gz") == stage.promotion_request.desired.bundle.sha256
    assert kept.read(found.folder) == found.kept


def test_what_failed_is_kept_with_its_code(stage: Stage) -> None:
    sent = stage.submit()
    found = stage.fetch(Asked(sent.failure_url))
    assert found.kept.recorded is not None
    assert (found.folder / "failure.out").read_bytes() == b'{"error": {"code": "model_error"}}'
    assert found.kept.recorded.at == stage.cloud.clock().today()


def test_no_secret_is_kept(stage: Stage) -> None:
    found = stage.fetch(Asked(stage.submit().failure_url))
    assert "HF_TOKEN" not in found.kept.served.environment
    assert found.kept.served.withheld == ("HF_TOKEN",)
    assert any("--set HF_TOKEN=" in caveat for caveat in found.kept.caveats)
    for path in found.folder.iterdir():
        assert b"hf_very_secret" not in path.read_bytes()


def test_the_release_in_service_then_is_taken_not_the_one_that_serves_now(stage: Stage, cloud: WatchedCloud) -> None:
    sent = stage.submit()
    cloud.slept_seconds.append(600)
    cloud.answer = lambda _: GOOD_ANSWER
    second = promotion_request(stage.folder / "second", seed=1)
    promote(second, cloud.clients(), ledger=stage.ledger, clock=cloud.clock())
    found = stage.fetch(Asked(sent.failure_url))
    assert found.kept.served.release == stage.promotion_request.desired.release
    assert found.kept.served.bundle_sha256 == stage.promotion_request.desired.bundle.sha256
    other = stage.fetch(Asked(sent.failure_url, release=second.desired.release[:4]))
    assert other.kept.served.bundle_sha256 == second.desired.bundle.sha256
    assert other.kept.served.how == "named with --release"


def test_a_bundle_that_was_replaced_is_refused(stage: Stage, cloud: WatchedCloud) -> None:
    sent = stage.submit()
    bundle = stage.promotion_request.desired.bundle
    cloud.objects[bundle.bucket, bundle.key]["Data"] = b"another bundle"
    with pytest.raises(ConfigurationError, match=r"the release record says .* somebody replaced it"):
        stage.fetch(Asked(sent.failure_url))
    assert list(stage.folder.rglob("replays/*/model.tar.gz")) == []


def test_a_bundle_that_is_gone_is_refused(stage: Stage, cloud: WatchedCloud) -> None:
    sent = stage.submit()
    del cloud.objects[stage.promotion_request.desired.bundle.bucket, stage.promotion_request.desired.bundle.key]
    with pytest.raises(ConfigurationError, match="its bundle is gone"):
        stage.fetch(Asked(sent.failure_url))


def test_an_input_leads_to_its_request_too(stage: Stage) -> None:
    sent = stage.submit(attributes="masks=rle")
    found = stage.fetch(Asked(sent.input_url))
    assert found.kept.request.inference_id == sent.inference_id
    assert found.kept.request.custom_attributes == "masks=rle"
    assert found.kept.recorded is None
    assert any("when the request failed is not known" in caveat for caveat in found.kept.caveats)


def test_an_input_of_another_sender_says_what_is_not_known(stage: Stage) -> None:
    found = stage.fetch(Asked(stage.put("async/input/mine.mov", b"x", content_type="video/quicktime")))
    assert found.kept.request.content_type == "video/quicktime"
    assert found.kept.request.custom_attributes is None
    assert any("CustomAttributes is written nowhere" in caveat for caveat in found.kept.caveats)
    assert any("InvocationTimeoutSeconds is written nowhere: 900" in caveat for caveat in found.kept.caveats)
    told = stage.fetch(Asked(found.kept.source, content_type="video/mp4", attributes="a=1", accept="*/*"))
    request = told.kept.request
    assert (request.content_type, request.custom_attributes, request.accept) == ("video/mp4", "a=1", "*/*")


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("clip.mp4", "is not the URI of an object"),
        ("s3://bucket/", "is not the URI of an object"),
        ("s3://elsewhere/async/failure/x-error.out", "does not belong to endpoint demo: .* say --env"),
        ("s3://{bucket}/releases/demo/current.json", "does not belong to endpoint demo"),
        ("s3://{bucket}/async/failures/x-error.out", "does not belong to endpoint demo"),
        ("s3://{bucket}/async/output/x.out", "is an answer: that request did not fail"),
        ("s3://{bucket}/async/input/sent/x.json", "is a note about a request"),
        ("s3://{bucket}/async/failure/x-error.out", "there is no object .*x-error.out: it was misspelled"),
        ("s3://{bucket}/async/input/x.mp4", "there is no object .*x.mp4: it was misspelled"),
    ],
)
def test_a_wrong_uri_is_refused_with_what_would_be_right(stage: Stage, uri: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        stage.fetch(Asked(uri.format(bucket=stage.bucket)))


def test_something_must_be_named(stage: Stage) -> None:
    with pytest.raises(ConfigurationError, match="name what failed"):
        stage.fetch(Asked())


def test_a_refusal_of_s3_is_no_missing_object(stage: Stage, cloud: WatchedCloud) -> None:
    sent = stage.submit()
    cloud.refuse["GetObject"] = [Refusal("AccessDenied", "no", 403)]
    with pytest.raises(AwsRefused, match="`deploy policy`"):
        stage.fetch(Asked(sent.failure_url))


def test_an_input_deleted_since_can_be_given_from_elsewhere(stage: Stage, cloud: WatchedCloud) -> None:
    sent = stage.submit()
    del cloud.objects[stage.bucket, sent.input_url.removeprefix(f"s3://{stage.bucket}/")]
    with pytest.raises(ConfigurationError, match="deleted since; a copy of it elsewhere is named with --input"):
        stage.fetch(Asked(sent.failure_url))
    (stage.folder / "copy.mp4").write_bytes(b"the same")
    found = stage.fetch(Asked(sent.failure_url, input=str(stage.folder / "copy.mp4"), content_type="video/mp4"))
    assert (found.folder / "input.mp4").read_bytes() == b"the same"
    with pytest.raises(ConfigurationError, match="no such file; --input takes a file or an s3:// URI"):
        stage.fetch(Asked(sent.failure_url, input="nothing.mp4"))


def failed_of_another_sender(stage: Stage, inference_id: str, body: str = json.dumps({"error": REFUSED})) -> str:
    """A failure with its line in the data-log, as SageMaker leaves them; nobody noted the request."""
    stage.put(f"async/input/{inference_id}.mp4", b"theirs")
    moment = stage.cloud.clock().today()
    said = f"{moment:%Y-%m-%dT%H:%M:%S}.000:[sagemaker logs] [{inference_id}] Received server error (500) from primary"
    event = {
        "timestamp": int(moment.timestamp() * 1000),
        "logStreamName": "AllTraffic/i-1/data-log",
        "message": f'{said} with message "{body}"',
    }
    stage.cloud.log_events = [*(stage.cloud.log_events or []), event]
    return stage.put(f"async/failure/{inference_id[::-1]}-error.out", body.encode(), content_type="application/json")


def test_the_data_log_leads_to_an_input_named_by_its_inference_id(stage: Stage) -> None:
    found = stage.fetch(Asked(failed_of_another_sender(stage, "job-17")), stage.cloud.real_clients())
    assert found.kept.request.inference_id == "job-17"
    assert (found.folder / "input.mp4").read_bytes() == b"theirs"
    assert found.kept.recorded is not None
    assert (found.kept.recorded.code, found.kept.recorded.message) == (REFUSED["code"], REFUSED["message"])
    assert any("found by the data-log" in caveat for caveat in found.kept.caveats)


def test_two_requests_that_may_be_meant_are_named_and_not_guessed_between(stage: Stage) -> None:
    failed_of_another_sender(stage, "job-17")
    url = failed_of_another_sender(stage, "job-18")
    with pytest.raises(ConfigurationError, match=r"names 2 requests that may be meant \(job-17, job-18\)\. "):
        stage.fetch(Asked(url), stage.cloud.real_clients())


def test_a_failure_that_nothing_leads_from_says_what_to_give(stage: Stage) -> None:
    url = stage.put("async/failure/x-error.out", b"who knows")
    with pytest.raises(ConfigurationError, match=r"data-log cannot be asked .* --input .* --notification"):
        stage.fetch(Asked(url), stage.cloud.real_clients())
    found = stage.fetch(Asked(url, input=stage.put("async/input/mine.mp4", b"x")))
    assert found.kept.recorded is not None
    assert found.kept.recorded.message == "who knows"


def message(stage: Stage, **changes: Any) -> dict[str, Any]:
    sent = stage.submit()
    found: dict[str, Any] = {
        "awsRegion": "us-east-1", "eventTime": START.isoformat(), "receivedTime": START.isoformat(),
        "invocationStatus": "Failed",
        "failureReason": "ClientError: Received client error (400) from model. See the SageMaker Endpoint logs ...",
        "requestParameters": {
            "accept": "application/json", "contentType": "video/mp4", "endpointName": "demo",
            "inputLocation": sent.input_url,
        },
        "responseParameters": {"failureLocation": sent.failure_url},
        "inferenceId": sent.inference_id, "eventVersion": "1.0", "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }  # fmt: skip
    return found | changes


def saved(stage: Stage, document: Any) -> Asked:
    path = stage.folder / "message.json"
    path.write_text(json.dumps(document))
    return Asked(notification=path)


ENVELOPES: Mapping[str, Any] = {
    "itself": json.loads,
    "SNS": lambda text: {"Type": "Notification", "Message": text},
    "SQS": lambda text: {"Messages": [{"Body": json.dumps({"Type": "Notification", "Message": text})}]},
    "raw SQS": lambda text: {"Messages": [{"Body": text}]},
    "Lambda": lambda text: {"Records": [{"EventSource": "aws:sns", "Sns": {"Message": text}}]},
    "Lambda behind SQS": lambda text: {"Records": [{"body": json.dumps({"Message": text})}]},
}


@pytest.mark.parametrize("envelope", ENVELOPES)
def test_a_notification_says_all_that_aws_links(stage: Stage, envelope: str) -> None:
    stage.cloud.slept_seconds.append(60)
    told = message(stage, eventTime=stage.cloud.clock().today().isoformat())
    found = stage.fetch(saved(stage, ENVELOPES[envelope](json.dumps(told))))
    assert found.kept.request.inference_id == told["inferenceId"]
    assert found.kept.recorded is not None
    assert (found.kept.recorded.status, found.kept.recorded.code) == (400, None)
    assert found.kept.recorded.at == stage.cloud.clock().today()
    assert found.kept.served.release == stage.promotion_request.desired.release


def test_the_body_within_a_notification_stands_in_for_the_object(stage: Stage) -> None:
    body = base64.b64encode(json.dumps({"error": REFUSED}).encode()).decode()
    now = (START + timedelta(hours=1)).isoformat()
    told = message(stage, responseParameters={}, responseBody={"content": body, "encoding": "BASE64"}, eventTime=now)
    found = stage.fetch(saved(stage, told))
    assert found.kept.recorded is not None
    assert (found.kept.recorded.url, found.kept.recorded.code) == (None, "model_error")


def test_a_notification_without_an_input_location_was_inline(stage: Stage) -> None:
    told = message(stage)
    del told["requestParameters"]["inputLocation"]
    with pytest.raises(ConfigurationError, match="carried it inline"):
        stage.fetch(saved(stage, told | {"responseParameters": {}}))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "it is not a JSON object"),
        ({"a": 1}, "no notification of asynchronous inference"),
        ({"Message": "hello"}, "holds a message that is not JSON"),
        ({"Messages": []}, "holds 0 messages"),
        ({"eventName": "TestNotification"}, "the test message"),
        ({"requestParameters": {"endpointName": "other"}}, "is about endpoint other, not demo"),
        ({"requestParameters": {"endpointName": "demo"}, "eventTime": "noon"}, "eventTime 'noon' is no time"),
    ],
)
def test_what_is_no_notification_of_this_endpoint_is_refused(stage: Stage, document: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        stage.fetch(saved(stage, document))


def test_a_notification_that_is_not_there_or_not_json_is_refused(stage: Stage) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        stage.fetch(Asked(notification=stage.folder / "none.json"))
    (stage.folder / "text.json").write_text("hello")
    with pytest.raises(ConfigurationError, match="is not JSON"):
        stage.fetch(Asked(notification=stage.folder / "text.json"))


def test_a_folder_that_lost_something_is_no_kept_request(stage: Stage) -> None:
    found = stage.fetch(Asked(stage.submit().failure_url))
    (found.folder / "model.tar.gz").unlink()
    with pytest.raises(ConfigurationError, match=r"model\.tar\.gz is missing: fetch the request again"):
        kept.read(found.folder)
    (found.folder / "request.json").write_text("{}")
    with pytest.raises(ConfigurationError, match=r"request\.json is not a rehearsal\.kept-request/1: "):
        kept.read(found.folder)
    with pytest.raises(ConfigurationError, match="name a folder that `deploy replay` fetched"):
        kept.read(stage.folder)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "..", ".", "", "runs/../../secret", "a\\..\\b/c"])
def test_an_input_outside_the_folder_is_refused(stage: Stage, name: str) -> None:
    found = stage.fetch(Asked(stage.submit().failure_url))
    (found.folder.parent / "secret").write_text("not the sender's")
    path = found.folder / "request.json"
    document = json.loads(path.read_text())
    document["request"]["file"] = name
    path.write_text(json.dumps(document))
    with pytest.raises(ConfigurationError, match=r"request\.file: .*is not the name of a file in this folder"):
        kept.read(found.folder)


def test_an_input_that_is_a_link_is_refused(stage: Stage) -> None:
    found = stage.fetch(Asked(stage.submit().failure_url))
    secret = found.folder.parent / "secret"
    secret.write_text("not the sender's")
    (found.folder / found.kept.request.file).unlink()
    (found.folder / found.kept.request.file).symlink_to(secret)
    with pytest.raises(ConfigurationError, match="fetch the request again"):
        kept.read(found.folder)


def test_requests_of_one_name_have_folders_of_their_own(stage: Stage) -> None:
    first = stage.fetch(Asked(stage.put("async/input/a/clip.mp4", b"1")))
    second = stage.fetch(Asked(stage.put("async/input/b/clip.mp4", b"2")))
    assert first.folder != second.folder
    assert (first.folder / "input.mp4").read_bytes() == b"1"


def test_a_failure_from_before_the_first_promotion_is_nobodys(stage: Stage) -> None:
    told = message(stage, eventTime=datetime(2020, 1, 1, tzinfo=UTC).isoformat())
    with pytest.raises(ConfigurationError, match="no release of demo is known to have served at 2020-01-01"):
        stage.fetch(saved(stage, told))
    found = stage.fetch(replace(saved(stage, told), release=stage.promotion_request.desired.release))
    assert found.kept.served.release == stage.promotion_request.desired.release
