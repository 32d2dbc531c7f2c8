"""A smaller machine inside this one: sizes as people write them, and what Docker is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import ConfigurationError
from harness.serving.runtimes.docker_limits import G4DN_XLARGE, UNLIMITED, MachineLimits, parse_size


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [
        ("15GiB", 15 * 2**30),
        ("16GB", 16 * 10**9),
        ("16g", 16 * 2**30),
        (" 1.5 GiB ", 3 * 2**29),
        ("512M", 512 * 2**20),
        ("1073741824", 2**30),
        ("10b", 10),
    ],
)
def test_sizes_are_read_as_docker_and_people_write_them(text: str, size_bytes: int) -> None:
    assert parse_size(text) == size_bytes


@pytest.mark.parametrize("text", ["", "GiB", "15 gigs", "-1GiB", "1e9", "15GiB/s", "٣GiB"])
def test_what_is_no_size_is_a_configuration_error(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is not a size"):
        parse_size(text)


@given(st.integers(min_value=0, max_value=2**50))
def test_a_number_of_bytes_is_itself(size_bytes: int) -> None:
    assert parse_size(str(size_bytes)) == size_bytes


def test_a_machine_without_limits_tells_docker_nothing() -> None:
    assert (UNLIMITED.compose_options(), UNLIMITED.environment(), UNLIMITED.facts()) == ({}, {}, {})


def test_a_g4dn_xlarge_has_no_swap_and_its_gpu_memory_is_a_setting() -> None:
    assert G4DN_XLARGE.compose_options() == {"cpus": 4.0, "mem_limit": 16 * 2**30, "memswap_limit": 16 * 2**30}
    assert G4DN_XLARGE.environment() == {"GPU_MEMORY_BYTES": str(15 * 2**30)}
    assert G4DN_XLARGE.facts()["limit_cpus"] == "4"


@pytest.mark.parametrize(
    "limits",
    [{"cpus": 0.0}, {"cpus": -1.0}, {"memory_bytes": 2**20}, {"gpu_memory_bytes": 0}, {"shared_memory_bytes": -1}],
)
def test_limits_that_no_machine_has_are_refused_at_birth(limits: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError):
        MachineLimits(**limits)
