"""What most tests of deploy begin with: a cloud in memory, two releases to promote, a ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.apply.ledger import Ledger
from deploy.promote.promote import PromotionRequest
from tests.deploy.promotion_requests import promotion_request
from tests.deploy.watched_cloud import WatchedCloud


@pytest.fixture
def cloud() -> WatchedCloud:
    return WatchedCloud()


@pytest.fixture
def first(tmp_path: Path) -> PromotionRequest:
    return promotion_request(tmp_path / "first")


@pytest.fixture
def second(tmp_path: Path) -> PromotionRequest:
    return promotion_request(tmp_path / "second", seed=1)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger.jsonl")


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """For clients that take themselves for AWS's."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
