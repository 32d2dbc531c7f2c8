"""The handler inside the real serving toolkit, in this process: arity, headers, statuses, bodies."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import inference
from detector.core.errors import BadParameter, SettingsError, UnsupportedType
from detector.io import libraries, toolkit
from detector.pipeline import Service
from tests.handler.clips import ClipMaker
from tests.handler.fakes import FakeContext, service

with warnings.catch_warnings():
    warnings.simplefilter("ignore", ResourceWarning)  # ts leaves its version file open
    from sagemaker_pytorch_serving_container.handler_service import HandlerService
    from ts.context import Context, RequestProcessor

GOOD = {"Content-Type": "video/mp4", "X-Amzn-SageMaker-Custom-Attributes": "frame_interval=20;score_threshold=0"}


class Served:
    """The toolkit's handler service as TorchServe drives it: one context for the worker, new headers a request."""

    def __init__(self, model_dir: Path) -> None:
        self._service = HandlerService()
        self._context = Context("model", str(model_dir), None, 1, None, "0.12.0")
        self._service.initialize(self._context)

    def post(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, str, bytes]:
        """Status, content type and body of an invocation."""
        self._context.request_processor = [RequestProcessor(dict(headers))]
        (answer,) = self._service.handle([{"body": bytearray(body)}], self._context)
        status, _ = self._context.get_response_status(0)
        return status, self._context.get_response_content_type(0), answer


@pytest.fixture
def served(model_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setenv("PYTHONPATH", "")  # `initialize` prepends to it
    monkeypatch.setenv("BATCH_SIZE", "2")
    yield Served(model_dir)
    logging.getLogger("sagemaker-inference").handlers.clear()


def test_the_toolkit_loads_the_handler_and_answers(served: Served, clips: ClipMaker) -> None:
    status, content_type, body = served.post(clips.whole("h264.mp4").read_bytes(), GOOD)
    assert (status, content_type) == (200, "application/json")
    assert [frame["frame_index"] for frame in json.loads(body)["frames"]] == [0, 20, 40]


def test_the_accept_header_reaches_the_handler(served: Served, clips: ClipMaker) -> None:
    video = clips.whole("h264.mp4").read_bytes()
    for accept, answered in {
        "application/jsonlines": "application/jsonlines",
        "text/csv, application/x-npy": "application/x-npy",
        "*/*": "application/json",
    }.items():
        status, content_type, _ = served.post(video, GOOD | {"Accept": accept})
        assert (status, content_type) == (200, answered)


@pytest.mark.parametrize("spelling", ["x-amzn-sagemaker-custom-attributes", "X-AMZN-SAGEMAKER-CUSTOM-ATTRIBUTES"])
def test_header_names_may_be_spelt_in_any_case(served: Served, clips: ClipMaker, spelling: str) -> None:
    headers = {"content-type": "video/mp4", spelling: "frame_interval=50"}
    status, _, body = served.post(clips.whole("h264.mp4").read_bytes(), headers)
    assert (status, len(json.loads(body)["frames"])) == (200, 1)


@pytest.mark.parametrize(
    ("body", "headers", "code"),
    [
        (b"", {"Content-Type": "video/mp4"}, "empty_media"),
        (b"a text, really", {"Content-Type": "video/mp4"}, "unreadable_media"),
        (
            b"\x00\x00\x00\x10ftypisom\x00\x00\x02\x00\x00\x00\xff\xffmdat",
            {"Content-Type": "video/mp4"},
            "truncated_media",
        ),
        (b'{"a": 1}', {"Content-Type": "application/json"}, "unsupported_type"),
        (b"a,b", {"Content-Type": "text/csv"}, "unsupported_type"),
        (b"x", {"Content-Type": "video/mp4", "Accept": "text/html"}, "unsupported_type"),
        (b"x", {"X-Amzn-SageMaker-Custom-Attributes": "frame_interval=no"}, "bad_parameter"),
    ],
)
def test_the_senders_faults_are_400_with_one_line_of_json(
    served: Served, body: bytes, headers: dict[str, str], code: str
) -> None:
    status, content_type, answer = served.post(body, headers)
    assert (status, content_type) == (400, "application/json")
    assert b"\n" not in answer
    error = json.loads(answer)
    assert error == {"error": {"code": code, "message": error["error"]["message"]}}


def test_a_good_request_after_a_bad_one_succeeds(served: Served, clips: ClipMaker) -> None:
    assert served.post(b"", GOOD)[0] == 400
    assert served.post(clips.whole("h264.mp4").read_bytes(), GOOD)[0] == 200


def test_our_faults_are_500_with_one_line_of_json_and_a_traceback_in_the_log(
    served: Served, clips: ClipMaker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the network\nbroke")

    monkeypatch.setattr("detector.model.maskrcnn.detector.Detector.detect", broken)
    status, content_type, answer = served.post(clips.whole("h264.mp4").read_bytes(), GOOD)
    assert (status, content_type) == (500, "application/json")
    assert answer == b'{"error":{"code":"internal","message":"RuntimeError: the network\\nbroke"}}'
    assert "Traceback" in caplog.text


def test_a_refusal_is_logged_in_one_line(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    served.post(b"", GOOD)
    (record,) = [record for record in caplog.records if record.name == "detector.io.toolkit"]
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith("refused (empty_media): the body is empty")
    assert record.exc_info is None


def test_a_bad_environment_ends_the_load(model_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setenv("FRAME_INTERVAL", "often")
    with pytest.raises(SettingsError, match="FRAME_INTERVAL must be a whole number"):
        Served(model_dir)


def test_the_load_is_told_in_a_line_and_decoders_and_threads_before_it(
    model_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        loaded = inference.model_fn(str(model_dir))
    assert isinstance(loaded, Service)
    threads, decoders, line = [record.getMessage() for record in caplog.records if record.name.startswith("detector")]
    assert decoders == libraries.line()
    assert threads.startswith("threads: ")
    assert line.startswith(f"loaded maskrcnn_small_fpn from {model_dir} on ")
    assert "frame_interval=1 batch_size=" in line


def test_without_a_context_an_error_is_raised() -> None:
    with pytest.raises(UnsupportedType):
        inference.transform_fn(service(), b"x", "text/html", None)


def test_with_a_context_an_error_is_its_status_and_body() -> None:
    context = FakeContext({"x-amzn-sagemaker-custom-attributes": "what=ever", "body": {"content-type": "video/mp4"}})
    body, content_type = inference.transform_fn(service(), b"x", "video/mp4", "*/*", context)
    assert context.status == (400, "Bad Request")
    assert content_type == "application/json"
    assert json.loads(body)["error"]["code"] == BadParameter.code


@pytest.mark.parametrize(
    ("properties", "index"), [({}, None), ({"gpu_id": None}, None), ({"gpu_id": -1}, None), ({"gpu_id": 2}, 2)]
)
def test_the_gpu_is_the_one_the_server_gave_this_worker(properties: dict[str, Any], index: int | None) -> None:
    assert toolkit.gpu_index(FakeContext(system_properties=properties)) == index


def test_importing_the_handler_says_nothing_and_needs_no_toolkit() -> None:
    """In a process of its own, with nothing on the path but the handler's folder, as in the container."""
    script = "import sys, inference; print([name for name in sys.modules if name.startswith(('sagemaker', 'ts.'))])"
    command = [sys.executable, "-c", script]
    folder = Path(inference.__file__).parent
    found = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True, timeout=120)
    assert (found.stdout, found.stderr) == ("[]\n", "")
