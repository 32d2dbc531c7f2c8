"""A container's log is copied whole, also when the disk is full for a while."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from deploy.core.waiting import wait_until
from harness.docker.engine import Engine
from harness.serving.runtimes.docker_log import LogFollower


class EngineThatSays:
    def __init__(self, *chunks: bytes) -> None:
        self._chunks = chunks

    def follow_log(self, container_id: str) -> Iterator[bytes]:
        yield from self._chunks


def test_the_copy_waits_for_room_and_loses_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = tmp_path / "logs" / "i-1.log"
    follower = LogFollower(cast("Engine", EngineThatSays(b"one\n", b"two\n")), "0123456789ab", log)
    log.mkdir(parents=True)  # it cannot be opened, as on a full disk
    follower.start()
    wait_until(lambda: "waits for room" in caplog.text or None, what="the first attempt", timeout_seconds=5)
    log.rmdir()
    follower.join(10)
    assert log.read_bytes() == b"one\ntwo\n"
