"""The precedence is that of TorchServe and its toolkit; `test_threads` shows what becomes of it."""

from __future__ import annotations

import pytest

from detector.core.server import is_torchserve_worker, told_threads, told_workers


@pytest.mark.parametrize(
    ("environment", "workers"),
    [
        ({}, None),
        ({"SAGEMAKER_MODEL_SERVER_WORKERS": "2"}, 2),
        ({"SAGEMAKER_MODEL_SERVER_WORKERS": ""}, None),
        ({"SAGEMAKER_MODEL_SERVER_WORKERS": "0"}, None),
        ({"SAGEMAKER_MODEL_SERVER_WORKERS": "many"}, None),
        ({"SAGEMAKER_MODEL_SERVER_WORKERS": "2", "TS_DEFAULT_WORKERS_PER_MODEL": "3"}, 3),
        ({"SAGEMAKER_MODEL_SERVER_WORKERS": "2", "SAGEMAKER_TS_RESPONSE_TIMEOUT": "900"}, 1),
        ({"SAGEMAKER_MODEL_SERVER_WORKERS": "2", "SAGEMAKER_TS_MIN_WORKERS": "4"}, 4),
    ],
)
def test_the_server_was_told_how_many_workers(environment: dict[str, str], workers: int | None) -> None:
    assert told_workers(environment) == workers


@pytest.mark.filterwarnings("ignore:The 'warn' method is deprecated:DeprecationWarning")
def test_the_toolkit_writes_what_was_told_into_the_servers_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """The toolkit itself is asked: its model block has one worker, whatever SAGEMAKER_MODEL_SERVER_WORKERS says."""
    toolkit = pytest.importorskip("sagemaker_pytorch_serving_container.torchserve")
    environment = {"SAGEMAKER_MODEL_SERVER_WORKERS": "2"}
    monkeypatch.setenv("SAGEMAKER_MODEL_SERVER_WORKERS", "2")
    assert f"default_workers_per_model={told_workers(environment)}" in toolkit._generate_ts_config_properties("h")
    environment["SAGEMAKER_TS_MAX_WORKERS"] = "2"
    monkeypatch.setenv("SAGEMAKER_TS_MAX_WORKERS", "2")
    assert f'"minWorkers": {told_workers(environment)},' in toolkit._generate_ts_config_properties("h")


@pytest.mark.parametrize(("text", "threads"), [("3", 3), ("3,2", 3), ("", None), ("0", None), ("x", None)])
def test_the_operators_own_number_of_threads(text: str, threads: int | None) -> None:
    assert told_threads({"OMP_NUM_THREADS": text}) == threads


def test_a_worker_of_torchserve_is_known_by_its_program() -> None:
    program = "/usr/lib/python3/site-packages/ts/model_service_worker.py"
    assert is_torchserve_worker([program, "--sock-type", "unix"])
    assert not is_torchserve_worker(["/usr/bin/pytest"])
    assert not is_torchserve_worker([])
