"""The evidence put together: what is measured is said, what is not is absent."""

from __future__ import annotations

from harness.observations.instances import PEAK_MEMORY_FACT, ServedBy
from harness.observations.stage_log import Account, ContainerLog
from harness.report.assemble import peak_memory, runtime_record

NOTHING = ContainerLog((), 0)


def served(peak: str) -> ServedBy:
    return ServedBy("i-1", "ep", "process", None, None, {PEAK_MEMORY_FACT: peak})


def test_the_hungriest_instance_counts() -> None:
    found = peak_memory([served("100"), served("300")], NOTHING)
    assert found is not None
    assert (found.host_bytes, found.gpu_bytes) == (300, None)


def test_the_gpus_peak_is_the_highest_of_all_requests() -> None:
    log = ContainerLog((Account(1.0, gpu_peak_bytes=5), Account(1.0, gpu_peak_bytes=7), Account(1.0)), 0)
    found = peak_memory([served("100")], log)
    assert found is not None
    assert (found.host_bytes, found.gpu_bytes) == (100, 7)
    assert "GPU" in found.method


def test_what_nobody_measured_is_absent() -> None:
    assert peak_memory([served("0")], NOTHING) is None


def test_the_runtime_names_the_decoders_by_the_handlers_own_account() -> None:
    log = ContainerLog((), 0, {"video": "pyav", "pyav": "18.1.0"})
    assert runtime_record([served("1")], log).decoders == {"video": "pyav", "pyav": "18.1.0"}
    assert runtime_record([served("1")], NOTHING).decoders == {}
