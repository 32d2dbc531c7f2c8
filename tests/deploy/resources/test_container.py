"""The container's environment: TorchServe must be at least as patient as SageMaker."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.core.errors import ConfigurationError
from deploy.resources.container_environment import container_environment
from tests.deploy.projects import write_project


def test_torchserves_limits_follow_the_endpoints(tmp_path: Path) -> None:
    extra = "[endpoint]\ninvocation_timeout_seconds = 1200\nmax_payload_bytes = 5000\nstartup_timeout_seconds = 700\n"
    environment = container_environment(write_project(tmp_path, extra=extra))
    assert environment["TS_DEFAULT_RESPONSE_TIMEOUT"] == environment["SAGEMAKER_MODEL_SERVER_TIMEOUT"] == "1200"
    assert environment["TS_MAX_REQUEST_SIZE"] == environment["TS_MAX_RESPONSE_SIZE"] == "5000"
    assert environment["TS_DEFAULT_STARTUP_TIMEOUT"] == "700"
    assert environment["SAGEMAKER_MODEL_SERVER_WORKERS"] == "1"
    assert not [name for name in environment if name.startswith("SAGEMAKER_TS_")]


def test_handler_settings_are_spelled_as_environment_variables(tmp_path: Path) -> None:
    extra = '[handler.environment]\nFRAME_INTERVAL = 5\nSCORE_THRESHOLD = 0.5\nMASKS = "rle"\nFAST = true\n'
    environment = container_environment(write_project(tmp_path, extra=extra))
    assert {
        "FRAME_INTERVAL": "5",
        "SCORE_THRESHOLD": "0.5",
        "MASKS": "rle",
        "FAST": "true",
    }.items() <= environment.items()


def test_the_container_imports_the_projects_entry_point(tmp_path: Path) -> None:
    assert container_environment(write_project(tmp_path / "a"))["SAGEMAKER_PROGRAM"] == "inference.py"
    other = write_project(tmp_path / "b", extra='[handler]\nentry_point = "predictor.py"\n')
    assert container_environment(other)["SAGEMAKER_PROGRAM"] == "predictor.py"


def test_a_per_model_block_does_not_bring_back_the_60_second_time_out(tmp_path: Path) -> None:
    extra = "[handler.environment]\nSAGEMAKER_TS_BATCH_SIZE = 4\n"
    environment = container_environment(write_project(tmp_path, extra=extra))
    assert environment["SAGEMAKER_TS_RESPONSE_TIMEOUT"] == "900"


def test_a_per_model_block_does_not_bring_back_the_single_worker(tmp_path: Path) -> None:
    extra = "[container]\nworkers = 3\n[handler.environment]\nSAGEMAKER_TS_MAX_BATCH_DELAY = 5\n"
    environment = container_environment(write_project(tmp_path, extra=extra))
    assert environment["SAGEMAKER_TS_MIN_WORKERS"] == environment["SAGEMAKER_TS_MAX_WORKERS"] == "3"


def test_workers_that_share_the_cores_wait_without_spinning(tmp_path: Path) -> None:
    extra = "[container]\nworkers = 2\n"
    assert container_environment(write_project(tmp_path, extra=extra))["OMP_WAIT_POLICY"] == "PASSIVE"


def test_a_worker_alone_waits_as_openmp_does(tmp_path: Path) -> None:
    assert "OMP_WAIT_POLICY" not in container_environment(write_project(tmp_path))


def test_the_users_own_way_to_wait_is_kept(tmp_path: Path) -> None:
    extra = "[container]\nworkers = 2\n[handler.environment]\nOMP_WAIT_POLICY = 'ACTIVE'\n"
    assert container_environment(write_project(tmp_path, extra=extra))["OMP_WAIT_POLICY"] == "ACTIVE"


def test_the_users_own_per_model_time_out_is_kept(tmp_path: Path) -> None:
    extra = "[handler.environment]\nSAGEMAKER_TS_RESPONSE_TIMEOUT = 30\n"
    assert container_environment(write_project(tmp_path, extra=extra))["SAGEMAKER_TS_RESPONSE_TIMEOUT"] == "30"


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ("TS_MAX_REQUEST_SIZE = 5", "which follow from"),
        ("SAGEMAKER_PROGRAM = 'mine.py'", "workers or entry_point there"),
        (f"LONG = '{'x' * 1025}'", "up to 1024 characters"),
        ("\n".join(f"V{number} = 1" for number in range(100)), "100 environment variables"),
    ],
)
def test_settings_that_would_not_work_are_refused(tmp_path: Path, extra: str, said: str) -> None:
    project = write_project(tmp_path, extra=f"[handler.environment]\n{extra}\n")
    with pytest.raises(ConfigurationError, match=said):
        container_environment(project)
