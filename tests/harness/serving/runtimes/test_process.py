"""The process runtime with the real TorchServe and toolkit: it behaves as the container does."""

from __future__ import annotations

import signal
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import psutil
import pytest

from deploy import bundle, config
from deploy.core.waiting import wait_until
from deploy.resources.container_environment import container_environment
from harness.core.errors import MachineCannot, ModelDataError, ServiceDidNotStart
from harness.local_cloud.clients import local_client
from harness.local_cloud.localstack import start_embedded
from harness.processes import ledger
from harness.serving.instances.health import wait_healthy, wait_loaded
from harness.serving.instances.runtime import Instance, InstanceSpec, Runtime
from harness.serving.runtimes.process import ProcessInstance, ProcessRuntime
from harness.serving.stacks.contract.ping import is_healthy
from harness.serving.stacks.contract.placement import Requirement
from harness.serving.stacks.torchserve import TORCHSERVE, TorchServe
from harness.serving.stacks.torchserve.java import Java
from tests import wheels
from tests.harness.serving.archives import BUCKET, archive, s3_with, special

HANDLER = """
import json, os, sys, tempfile
from pathlib import Path

def model_fn(model_dir):
    return [str(Path(model_dir).resolve()), Path(model_dir, "weights.txt").read_text()]

def transform_fn(model, data, content_type, accept):
    order, _, rest = bytes(data).partition(b" ")
    if order == b"echo":
        return rest, content_type
    if order == b"fill":
        return b"x" * int(rest), accept
    if order == b"raise":
        raise ValueError("asked to")
    if order == b"hang":
        import threading
        threading.Event().wait()
    if order == b"exit":
        os._exit(3)
    if order == b"temp":
        return tempfile.gettempdir(), "text/plain"
    if order == b"allocate":
        bytearray(b"1") * int(rest)
    told = {"model": model, "environment": dict(os.environ), "modules": sorted(sys.modules)}
    return json.dumps(told), "application/json"
"""
SETTINGS = {
    "SAGEMAKER_MODEL_SERVER_WORKERS": "1",
    "OMP_NUM_THREADS": "1",
    "TS_DEFAULT_RESPONSE_TIMEOUT": "2",
    "TS_MAX_REQUEST_SIZE": "50000",
    "TS_MAX_RESPONSE_SIZE": "60000",
}
Start = Callable[..., ProcessInstance]


def spec(work_dir: Path, model_data_url: str | None = f"s3://{BUCKET}/model", **environment: str) -> InstanceSpec:
    work_dir.mkdir(parents=True)
    return InstanceSpec(
        instance_id="i-1",
        endpoint_name="detector",
        variant_name="AllTraffic",
        image="an-image",
        model_data_url=model_data_url,
        environment=SETTINGS | environment,
        work_dir=work_dir,
        log_path=work_dir.parent / "instance.log",
    )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessInstance]:
    """One instance for all tests that leave it as it was."""
    folder = tmp_path_factory.mktemp("served")
    data = archive({"weights.txt": "the weights", "code/inference.py": HANDLER})
    with pytest.MonkeyPatch.context() as caller:
        caller.setenv("AWS_SECRET_ACCESS_KEY", "the caller's")
        caller.setenv("PYTHONPATH", "/the/callers")
        caller.setenv("TMPDIR", "/the/callers/tmp")
        instance = ProcessRuntime(folder, s3_with(model=data), TORCHSERVE).start(spec(folder / "instances" / "i-1"))
    try:
        wait_loaded(instance, TORCHSERVE, 60)
        yield instance
    finally:
        instance.stop(grace_seconds=0)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start an instance of its own from the text of an `inference.py`."""
    started: list[ProcessInstance] = []

    def start_one(handler: str, *, requirements: str | None = None) -> ProcessInstance:
        files = {"code/inference.py": handler} | ({"code/requirements.txt": requirements} if requirements else {})
        runtime = ProcessRuntime(tmp_path, s3_with(model=archive(files)), TORCHSERVE)
        started.append(runtime.start(spec(tmp_path / "instances" / "i-1")))
        return started[-1]

    yield start_one
    for instance in started:
        instance.stop(grace_seconds=0)


def invoke(instance: Instance, body: bytes, content_type: str = "video/mp4", timeout: float = 30) -> httpx.Response:
    headers = {"Content-Type": content_type, "Accept": "application/x-npy"}
    return httpx.post(f"{instance.base_url}/invocations", content=body, headers=headers, timeout=timeout)


def wait_for_worker(instance: ProcessInstance) -> None:
    wait_loaded(instance, TORCHSERVE, 60)


TELLING = """
import json
from pathlib import Path

def model_fn(model_dir):
    return {path.relative_to(model_dir).as_posix(): path.read_text() for path in Path(model_dir).rglob("*.txt")}

def transform_fn(model, data, content_type, accept):
    return json.dumps(model), "application/json"
"""


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ("", {"no_model.txt"}),
        ('[model]\ndata = "model"\n', {"one.txt", "two/three.txt"}),
        ('[model]\ndata = ["model/two", "model/one.txt"]\n', {"one.txt", "two/three.txt"}),
    ],
)
def test_a_bundle_of_a_handler_of_another_name_is_served_with_the_root_as_its_model_dir(
    tmp_path: Path, toml: str, expected: set[str]
) -> None:
    for name, text in {"src/predictor.py": TELLING, "model/one.txt": "1", "model/two/three.txt": "3"}.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    head = '[project]\nname = "demo"\n[handler]\nsource = "src"\nentry_point = "predictor.py"\n'
    (tmp_path / config.FILE_NAME).write_text(head + toml)
    project = config.load(tmp_path / config.FILE_NAME)
    data = bundle.build(project, tmp_path / "dist").path.read_bytes()
    work_dir = tmp_path / "instances" / "i-1"
    made = replace(spec(work_dir), environment=container_environment(project))
    instance = ProcessRuntime(tmp_path, s3_with(model=data), TORCHSERVE).start(made)
    try:
        wait_loaded(instance, TORCHSERVE, 60)
        assert set(invoke(instance, b"").json()) == expected
    finally:
        instance.stop(grace_seconds=0)


# Without a model server


def test_the_runtime_is_one(tmp_path: Path) -> None:
    runtime: Runtime = ProcessRuntime(tmp_path, s3_with(), TORCHSERVE)
    assert runtime.name == "process"


def test_an_unsafe_archive_starts_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    data = archive({"code/inference.py": HANDLER}, [special("../../evil", tarfile.REGTYPE)])
    with pytest.raises(ModelDataError, match="points outside the archive"):
        ProcessRuntime(tmp_path, s3_with(model=data), TORCHSERVE).start(spec(tmp_path / "i" / "i-1"))
    assert not (tmp_path / "i" / "i-1").exists()
    assert list(ledger.records(tmp_path)) == []


def test_a_model_without_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelDataError, match="detector has no ModelDataUrl"):
        ProcessRuntime(tmp_path, s3_with(), TORCHSERVE).start(spec(tmp_path / "i" / "i-1", model_data_url=None))


def test_a_machine_without_java_cannot(tmp_path: Path) -> None:
    def none() -> Java:
        raise MachineCannot("no Java")

    needs = replace(TORCHSERVE.needs, programs=(Requirement("java", none, "install it"),))

    with pytest.raises(MachineCannot, match="no Java"):
        ProcessRuntime(tmp_path, s3_with(), TorchServe(needs=needs)).start(spec(tmp_path / "i" / "i-1"))


# With the real one


@pytest.mark.e2e
def test_bodies_and_content_types_pass_through_unchanged(served: ProcessInstance) -> None:
    answer = invoke(served, b"echo \x00\xff video", "video/mp4")
    assert (answer.status_code, answer.content) == (200, b"\x00\xff video")
    assert answer.headers["content-type"] == "video/mp4"


@pytest.mark.e2e
def test_the_handlers_exception_is_a_500_with_its_message_first(served: ProcessInstance) -> None:
    answer = invoke(served, b"raise x")
    assert answer.status_code == 500
    assert answer.text.startswith("asked to\nTraceback")


@pytest.mark.e2e
def test_a_request_over_the_limit_is_a_413(served: ProcessInstance) -> None:
    assert invoke(served, b"echo " + b"x" * 60_000).status_code == 413
    assert invoke(served, b"echo " + b"x" * 40_000).status_code == 200


@pytest.mark.e2e
def test_a_response_over_the_limit_is_no_200(served: ProcessInstance) -> None:
    assert invoke(served, b"fill 50000").status_code == 200
    assert invoke(served, b"fill 70000").status_code >= 500
    wait_for_worker(served)


@pytest.mark.e2e
def test_a_handler_that_hangs_is_timed_out_and_its_worker_replaced(served: ProcessInstance) -> None:
    answer = invoke(served, b"hang x")
    assert answer.status_code == 500
    assert "Worker died" in answer.text or "response timeout" in answer.text
    wait_for_worker(served)
    assert invoke(served, b"echo again").content == b"again"


@pytest.mark.e2e
def test_a_worker_that_dies_is_a_500_and_is_replaced(served: ProcessInstance) -> None:
    answer = invoke(served, b"exit now")
    assert (answer.status_code, answer.json()["type"]) == (500, "InternalServerException")
    assert served.ended() is None
    wait_for_worker(served)
    assert invoke(served, b"echo again").content == b"again"


@pytest.mark.e2e
def test_the_handler_sees_the_containers_environment_and_not_the_callers(served: ProcessInstance) -> None:
    told = invoke(served, b"tell me").json()
    base = served.spec.work_dir / "ml"
    assert told["model"] == [str(base / "model"), "the weights"]
    assert told["environment"]["SAGEMAKER_BASE_DIR"] == str(base)
    assert told["environment"]["OMP_NUM_THREADS"] == "1"
    assert "the caller's" not in told["environment"].values()
    assert "/the/callers" not in told["environment"]["PYTHONPATH"]
    assert Path(invoke(served, b"temp x").text) == Path(told["environment"]["TEMP"])
    assert not [name for name in told["modules"] if name.partition(".")[0] in ("harness", "deploy")]


@pytest.mark.e2e
def test_usage_tells_what_all_its_processes_take_now(served: ProcessInstance) -> None:
    before = served.usage()
    assert before is not None
    assert 100_000_000 < before.memory_bytes < before.memory_limit_bytes
    for _ in range(30):  # the kernel counts in hundredths of a second, and one request takes less
        assert invoke(served, b"allocate 1000").status_code == 200
    after = served.usage()
    assert after is not None
    assert after.cpu_seconds > before.cpu_seconds > 0


@pytest.mark.e2e
def test_facts_tell_versions_the_archives_digest_and_the_peak(served: ProcessInstance) -> None:
    before = served.facts()
    assert before.runtime == "process"
    assert {
        "torch",
        "torchserve",
        "sagemaker-pytorch-inference",
        "numpy",
        "av",
        "python",
        "java",
    } <= before.facts.keys()
    assert len(before.facts["model_data_sha256"]) == 64
    assert invoke(served, b"allocate 300000000").status_code == 200
    grown = int(served.facts().facts["worker_peak_rss_bytes"]) - int(before.facts["worker_peak_rss_bytes"])
    assert grown > 200_000_000
    assert int(served.facts().facts["total_peak_rss_bytes"]) > int(served.facts().facts["worker_peak_rss_bytes"])


@pytest.mark.e2e
def test_it_listens_on_the_loopback_interface_only(served: ProcessInstance) -> None:
    connections = [c for process in served._child.family() for c in process.net_connections("tcp")]
    listening = {c.laddr.ip for c in connections if c.status == psutil.CONN_LISTEN}
    assert listening <= {"127.0.0.1", "::ffff:127.0.0.1"}
    assert listening


@pytest.mark.e2e
def test_the_configuration_is_the_toolkits_own(served: ProcessInstance) -> None:
    text = (served.spec.work_dir / "sagemaker-ts.properties").read_text()
    assert "enable_envvars_config=true" in text
    assert "default_workers_per_model=1" in text
    assert "sagemaker_pytorch_serving_container/handler_service.py:handle" in text


@pytest.mark.e2e
def test_a_model_that_does_not_load_is_told_with_its_cause(start: Start) -> None:
    instance = start("def model_fn(model_dir): raise RuntimeError('weights are gone')\n")
    with pytest.raises(ServiceDidNotStart, match="cannot load its model: RuntimeError: weights are gone") as caught:
        wait_loaded(instance, TORCHSERVE, 60)
    assert "inference.py" in caught.value.log_tail
    assert "TS_METRICS" not in caught.value.log_tail


@pytest.mark.e2e
def test_an_inference_module_that_cannot_be_imported_is_told_with_its_cause(start: Start) -> None:
    instance = start("import no_such_module\n")
    with pytest.raises(ServiceDidNotStart, match="ModuleNotFoundError: No module named 'no_such_module'"):
        wait_loaded(instance, TORCHSERVE, 60)


@pytest.mark.e2e
def test_requirements_that_cannot_be_installed_end_the_container(start: Start) -> None:
    instance = start(HANDLER, requirements="no-such-package @ file:///nonexistent/package.whl\n")
    with pytest.raises(ServiceDidNotStart, match="exited with code 1 before it was healthy") as caught:
        wait_healthy(instance, 120)
    assert "failed to install required packages" in caught.value.log_tail
    ended = instance.ended()
    assert ended is not None
    assert ended.exit_code == 1


@pytest.mark.e2e
def test_vendored_packages_stay_with_their_instance_and_are_told(tmp_path: Path) -> None:
    """In a folder so deep that TorchServe's sockets have to lie elsewhere."""
    decoder = wheels.wheel("av", "99.0", modules={"av.py": "VERSION = '99.0'\n"})
    data = archive(
        {
            "code/inference.py": "import av\n\ndef model_fn(model_dir):\n    return av\n\n"
            "def transform_fn(model, data, content_type, accept):\n    return model.VERSION, 'text/plain'\n",
            "code/requirements.txt": "--no-index\n--find-links wheels\nav==99.0\n",
            f"code/wheels/{wheels.file_name('av', '99.0')}": decoder,
        }
    )
    deep = tmp_path / "/".join(["folder"] * 12) / "i-1"
    instance = ProcessRuntime(tmp_path, s3_with(model=data), TORCHSERVE).start(spec(deep))
    try:
        wait_for_worker(instance)
        assert invoke(instance, b"").text == "99.0"
        assert instance.facts().facts["av"] == "99.0"
        assert (deep / "venv").is_dir()
    finally:
        instance.stop(grace_seconds=0)
    assert not (Path(tempfile.gettempdir()) / "venv").exists()
    assert instance.facts().facts["av"] == "99.0"


@pytest.mark.e2e
def test_stop_leaves_no_process_no_folder_and_keeps_the_log(start: Start) -> None:
    instance = start("def model_fn(model_dir): return 1\n")
    wait_healthy(instance, 60)
    family = instance._child.family()
    assert any("java" in process.name() for process in family)
    instance.stop()
    instance.stop()
    assert not [process for process in family if ledger.identity(process.pid) is not None]
    assert not instance.spec.work_dir.exists()
    assert "Model server started." in instance.spec.log_path.read_text()
    with httpx.Client() as client:
        assert not is_healthy(instance.base_url, client)


@pytest.mark.e2e
def test_a_killed_model_server_is_seen_with_its_signal(start: Start) -> None:
    instance = start("def model_fn(model_dir): return 1\n")
    wait_healthy(instance, 60)
    psutil.Process(instance._child.pid).send_signal(signal.SIGKILL)
    ended = wait_until(instance.ended, what="the end to be seen", timeout_seconds=10)
    assert ended.exit_code == -signal.SIGKILL
    assert ended.reason.startswith("killed by SIGKILL")


@pytest.mark.e2e
def test_a_model_in_the_local_cloud_is_served(tmp_path: Path) -> None:
    data = archive({"weights.txt": "from the cloud", "code/inference.py": HANDLER})
    with start_embedded(state_dir=tmp_path) as cloud:
        s3 = local_client("s3", endpoint_url=cloud.url)
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="a/model.tar.gz", Body=data)
        instance = ProcessRuntime(tmp_path, s3, TORCHSERVE).start(
            spec(tmp_path / ("long" * 20) / "i-1", f"s3://{BUCKET}/a/model.tar.gz")
        )
        try:
            wait_loaded(instance, TORCHSERVE, 60)
            assert invoke(instance, b"tell me").json()["model"][1] == "from the cloud"
        finally:
            instance.stop(grace_seconds=0)
    assert list(ledger.records(tmp_path)) == []
