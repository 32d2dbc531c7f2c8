"""Promotions and rollbacks on a cloud in memory, as tests write them."""

from __future__ import annotations

from deploy.apply.ledger import Ledger
from deploy.plan.observe import observe
from deploy.plan.plan import plan
from deploy.promote.promote import Promoted, PromotionRequest, destination, promote
from deploy.promote.recording import store_of
from deploy.promote.rollback import RollbackRequest, rollback
from deploy.releases import current
from tests.deploy.watched_cloud import WatchedCloud


def run(cloud: WatchedCloud, what: PromotionRequest, ledger: Ledger) -> Promoted:
    return promote(what, cloud.clients(), ledger=ledger, clock=cloud.clock())


def rollback_request(what: PromotionRequest, wanted: str | None = None) -> RollbackRequest:
    where = destination(what.desired)
    return RollbackRequest(
        wanted, store_of(what.desired), what.monitoring, where, lambda _: what.probe, what.owner, what.actor
    )


def back(cloud: WatchedCloud, what: PromotionRequest, ledger: Ledger, wanted: str | None = None) -> str:
    done = rollback(rollback_request(what, wanted), cloud.clients(), ledger=ledger, clock=cloud.clock())
    return done.release.release


def in_service(cloud: WatchedCloud, what: PromotionRequest) -> str | None:
    found = current(cloud.clients(), store_of(what.desired))
    return found[0].release if found else None


def serving(cloud: WatchedCloud) -> str:
    return str(cloud.endpoints["demo"]["EndpointConfigName"])


def changes(cloud: WatchedCloud, what: PromotionRequest) -> list[tuple[str, str]]:
    planned = plan(what.desired, what.monitoring, observe(what.desired, what.monitoring, cloud.clients()))
    return [(change.symbol, change.kind) for change in planned.changes]
