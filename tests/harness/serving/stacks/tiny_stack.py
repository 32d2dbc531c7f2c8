"""A second serving stack, tiny and honest: it proves that a runtime needs to know nothing but `Stack`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from harness.serving.stacks.contract.logs import LoadFailure
from harness.serving.stacks.contract.placement import ArchiveLayout, Launch, Needs, Placement, platform_environment

SERVER = Path(__file__).with_name("tiny_server.py")
TIMEOUT = "TINY_TIMEOUT_SECONDS"
DEFAULT_TIMEOUT_SECONDS = 5.0
_CAUSE = re.compile(r"^TINY cause (.+)$", re.MULTILINE)
_ARCHIVE = ArchiveLayout(code_folder="src")
_NEEDS = Needs(ports=("http",))


@dataclass(frozen=True)
class TinyLog:
    lines_read_for_one: int = 5
    cause_delay_seconds: float = 2.0

    def without_noise(self, log: str, lines: int) -> str:
        return "\n".join([line for line in log.splitlines() if line != "TICK"][-lines:])

    def load_failure(self, log: str) -> LoadFailure | None:
        if cause := _CAUSE.search(log):
            return LoadFailure(cause[1], is_final=True)
        return LoadFailure("the load failed", is_final=False) if "TINY load failed" in log else None

    def last_request(self, log: str, lines: int) -> str:
        text = self.without_noise(log, lines)
        _, taken_up, after = text.rpartition("TINY request")
        return taken_up + after if taken_up else text

    def model_output(self, log: str) -> Iterator[str]:
        return (line for line in log.splitlines() if not line.startswith(("TINY ", "TICK")))


_LOG = TinyLog()


@dataclass(frozen=True)
class TinyStack:
    name: str = "tiny"
    archive: ArchiveLayout = _ARCHIVE
    needs: Needs = _NEEDS
    log: TinyLog = _LOG
    packages: tuple[str, ...] = ("httpx",)
    worker_mark: str = SERVER.name

    def launch(self, placement: Placement) -> Launch:
        environment = {
            **placement.inherited,
            **platform_environment(placement.region),
            TIMEOUT: str(DEFAULT_TIMEOUT_SECONDS),
            **placement.specified,
            "HOME": str(placement.folders.home_dir),
        }
        command = (placement.python, "-P", SERVER, placement.folders.model_dir, str(placement.ports["http"]))
        return Launch(command, environment)

    def is_loaded(self, base_url: str, client: httpx.Client) -> bool:
        try:
            return client.get(f"{base_url}/loaded", timeout=2.0).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def response_timeout_seconds(self, environment: Mapping[str, str]) -> float:
        return float(environment.get(TIMEOUT, DEFAULT_TIMEOUT_SECONDS))


TINY = TinyStack()
