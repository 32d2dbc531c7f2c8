"""A promotion that dies anywhere is finished by the same owner, or taken back without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from deploy.apply.ledger import Ledger
from deploy.core.errors import DeployError
from deploy.promote.destroy import destroy
from deploy.promote.promote import PromotionRequest
from tests.deploy.promoting import changes, in_service, run, serving
from tests.deploy.watched_cloud import WatchedCloud

INTERRUPTED = [
    "CreateBucket", "PutObject", "CreateTopic", "CreateModel", "CreateEndpointConfig", "PutMetricAlarm",
    "CreateEndpoint", "DescribeEndpoint", "RegisterScalableTarget", "PutScalingPolicy", "PutDashboard",
    "InvokeEndpointAsync",
]  # fmt: skip


@pytest.mark.parametrize("operation", INTERRUPTED)
def test_a_first_promotion_interrupted_anywhere_is_finished_by_the_same_owner(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger, operation: str
) -> None:
    cloud.crash_after = operation
    with pytest.raises(KeyboardInterrupt):
        run(cloud, first, ledger)
    run(cloud, first, ledger)
    assert in_service(cloud, first) == first.desired.release
    assert changes(cloud, first) == []
    assert cloud.changes().count("CreateEndpoint") == 1


@pytest.mark.parametrize("operation", ["RegisterScalableTarget", "UpdateEndpoint", "InvokeEndpointAsync"])
def test_an_update_interrupted_anywhere_is_finished_by_the_same_owner(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger, operation: str
) -> None:
    run(cloud, first, ledger)
    cloud.crash_after = operation
    with pytest.raises(KeyboardInterrupt):
        run(cloud, second, ledger)
    run(cloud, second, ledger)
    assert serving(cloud) == second.desired.endpoint_config.name
    assert cloud.changes().count("UpdateEndpoint") == 1
    assert changes(cloud, second) == []


class Mortal(Ledger):
    """Dies as `kill -9` does, with nothing caught or tidied up, once so many lines are on the disk."""

    def __init__(self, path: Path, lines: int) -> None:
        super().__init__(path)
        self.lines = lines

    def write(self, *line: Any, **more: Any) -> None:
        super().write(*line, **more)
        self.lines -= 1
        if self.lines == 0:
            raise KeyboardInterrupt


def killed_after_each_line(
    folder: Path, what: PromotionRequest, before: PromotionRequest | None
) -> Iterator[tuple[WatchedCloud, Ledger]]:
    """A cloud and a ledger for each line of the ledger after which a promotion can die, the last one excepted."""
    for lines in count(1):
        cloud, path = WatchedCloud(), folder / str(lines) / "ledger.jsonl"
        if before is not None:
            run(cloud, before, Ledger(path))
        try:
            run(cloud, what, Mortal(path, lines))
        except KeyboardInterrupt:
            yield cloud, Ledger(path)
        else:
            return


def test_a_first_promotion_killed_after_any_line_of_the_ledger_is_resumed_or_destroyed(
    first: PromotionRequest, tmp_path: Path
) -> None:
    deaths = 0
    for cloud, ledger in killed_after_each_line(tmp_path / "resumed", first, None):
        deaths += 1
        run(cloud, first, ledger)
        assert (in_service(cloud, first), changes(cloud, first)) == (first.desired.release, [])
    for cloud, ledger in killed_after_each_line(tmp_path / "destroyed", first, None):
        destroy(ledger, cloud.clients(), clock=cloud.clock(), purge=True)
        assert cloud.names() == set()
    assert deaths >= 20


def test_an_update_killed_after_any_line_of_the_ledger_is_resumed_or_destroyed(
    first: PromotionRequest, second: PromotionRequest, tmp_path: Path
) -> None:
    deaths = 0
    for cloud, ledger in killed_after_each_line(tmp_path / "resumed", second, first):
        deaths += 1
        run(cloud, second, ledger)
        assert (in_service(cloud, second), changes(cloud, second)) == (second.desired.release, [])
        assert serving(cloud) == second.desired.endpoint_config.name
    for cloud, ledger in killed_after_each_line(tmp_path / "destroyed", second, first):
        destroy(ledger, cloud.clients(), clock=cloud.clock(), purge=True)
        assert cloud.names() == set()
    assert deaths >= 8


def test_two_cannot_deploy_at_once(cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger) -> None:
    cloud.crash_after = "CreateModel"
    with pytest.raises(KeyboardInterrupt):
        run(cloud, first, ledger)
    with pytest.raises(DeployError, match=r"has been deploying since .*`deploy resume`"):
        run(cloud, replace(first, owner="somebody else"), ledger)


def test_a_lock_whose_owner_died_ends_by_itself(cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger) -> None:
    cloud.crash_after = "CreateModel"
    with pytest.raises(KeyboardInterrupt):
        run(cloud, first, ledger)
    cloud.slept_seconds.append(5 * 3600)
    run(cloud, replace(first, owner="somebody else"), ledger)
    assert in_service(cloud, first) == first.desired.release


def test_destroy_after_promotions_leaves_nothing(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    run(cloud, second, ledger)
    destroy(ledger, cloud.clients(), clock=cloud.clock(), purge=True)
    assert cloud.names() == set()


@pytest.mark.parametrize("operation", INTERRUPTED)
def test_a_promotion_interrupted_anywhere_can_be_destroyed_without_a_trace(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger, operation: str
) -> None:
    cloud.crash_after = operation
    with pytest.raises(KeyboardInterrupt):
        run(cloud, first, ledger)
    destroy(ledger, cloud.clients(), clock=cloud.clock(), purge=True)
    assert cloud.names() == set()
