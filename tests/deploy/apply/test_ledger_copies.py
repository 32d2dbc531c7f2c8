"""One ledger for several machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.apply import ledger_copies
from deploy.apply.ledger import Ledger
from deploy.core.errors import ConfigurationError
from deploy.promote.destroy import destroy
from deploy.promote.promote import PromotionRequest
from deploy.promote.recording import store_of
from tests.deploy.promoting import run
from tests.deploy.watched_cloud import WatchedCloud


def test_another_machine_can_destroy_what_this_one_made(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger, tmp_path: Path
) -> None:
    run(cloud, first, ledger)
    elsewhere = Ledger(tmp_path / "elsewhere" / "ledger.jsonl")
    ledger_copies.join(cloud.clients(), store_of(first.desired), elsewhere)
    assert {entry.name for entry in elsewhere.owned()} == {entry.name for entry in ledger.owned()}
    destroy(elsewhere, cloud.clients(), clock=cloud.clock(), purge=True)
    assert cloud.names() == set()


def test_ledgers_of_two_machines_join(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger, tmp_path: Path
) -> None:
    elsewhere = Ledger(tmp_path / "elsewhere" / "ledger.jsonl")
    run(cloud, first, ledger)
    run(cloud, second, elsewhere)
    ledger_copies.join(cloud.clients(), store_of(first.desired), ledger)
    names = {entry.name for entry in ledger.owned()}
    assert {first.desired.model.name, second.desired.model.name} <= names
    assert ledger.entries() == elsewhere.entries()


def test_joining_where_nothing_was_kept_changes_nothing(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger
) -> None:
    ledger_copies.join(cloud.clients(), store_of(first.desired), ledger)
    assert not ledger.path.exists()


def test_a_damaged_copy_is_refused_and_not_joined(cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger) -> None:
    run(cloud, first, ledger)
    before = ledger.path.read_bytes()
    key = f"{first.desired.releases_prefix}/ledger.jsonl"
    cloud.objects[first.desired.bucket.name, key]["Data"] = b"nonsense\n"
    with pytest.raises(ConfigurationError, match="no ledger entry"):
        ledger_copies.join(cloud.clients(), store_of(first.desired), ledger)
    assert ledger.path.read_bytes() == before
