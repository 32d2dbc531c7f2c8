"""What nvidia-smi says, read."""

from __future__ import annotations

import pytest

from harness.serving.instances.gpu import Gpu, gpu_facts, gpus, parse_gpus

T4 = "Tesla T4, 550.163.01, 15360, 3, 7.5\n"


def test_a_t4_is_read_with_its_memory_in_bytes() -> None:
    assert parse_gpus(T4) == (Gpu("Tesla T4", "550.163.01", 15360 * 2**20, 3 * 2**20, "7.5"),)


def test_several_gpus_are_counted_and_the_first_is_described() -> None:
    facts = gpu_facts(lambda: T4 + "NVIDIA H200, 575.57.08, 143771, 0, 9.0\n")
    assert facts["gpus"] == "2"
    assert facts["gpu_name"] == "Tesla T4"
    assert facts["gpu_driver"] == "550.163.01"
    assert facts["gpu_memory_bytes"] == str(15360 * 2**20)


def test_an_old_driver_that_cannot_tell_a_field_is_read_without_it() -> None:
    (gpu,) = parse_gpus("Tesla K80, 418.87, 11441, [N/A], [Not Supported]\n")
    assert (gpu.memory_used_bytes, gpu.compute_capability) == (0, None)


@pytest.mark.parametrize(
    "said", [None, "", "No devices were found\n", "NVIDIA-SMI has failed, because, of, a, driver\n"]
)
def test_no_gpu_is_no_error(said: str | None) -> None:
    assert gpus(lambda: said) == ()
    assert gpu_facts(lambda: said) == {"gpus": "0"}
