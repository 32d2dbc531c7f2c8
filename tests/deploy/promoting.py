"""Promotions and rollbacks on a cloud in memory, as tests write them."""

from __future__ import annotations

from deploy.apply.ledger import Ledger
from deploy.promote.promote import PromotionRequest, destination, promote
from deploy.promote.recording import store_of
from deploy.promote.rollback import RollbackRequest, rollback
from deploy.releases import current
from tests.deploy.watched_cloud import WatchedCloud


def run(cloud: WatchedCloud, what: PromotionRequest, ledger: Ledger) -> None:
    promote(what, cloud.clients(), ledger=ledger, clock=cloud.clock())


def rollback_request(what: PromotionRequest, wanted: str | None = None) -> RollbackRequest:
    where = destination(what.desired)
    return RollbackRequest(
        wanted, store_of(what.desired), what.monitoring, where, lambda _: what.probe, what.owner, what.actor
    )


def back(cloud: WatchedCloud, what: PromotionRequest, ledger: Ledger, wanted: str | None = None) -> str:
    done = rollback(rollback_request(what, wanted), cloud.clients(), ledger=ledger, clock=cloud.clock())
    return done.release.release


def in_service(cloud: WatchedCloud, what: PromotionRequest) -> str:
    found = current(cloud.clients(), store_of(what.desired))
    assert found is not None
    return found[0].release
