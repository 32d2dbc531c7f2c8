"""What serves, and what it costs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from deploy.apply.ledger import Ledger
from deploy.core.errors import ConfigurationError
from deploy.plan.status import Status, status
from deploy.pricing import Price
from deploy.promote.promote import PromotionRequest
from deploy.promote.recording import store_of
from tests.deploy.promoting import run
from tests.deploy.watched_cloud import START, WatchedCloud

PRICE = Price(0.7364, "table")


def look(cloud: WatchedCloud, what: PromotionRequest, *, hours: float = 2.0) -> Status:
    now = START + timedelta(hours=hours)
    return status(cloud.clients(), "demo", store_of(what.desired), PRICE, now)


def test_status_says_what_serves_and_what_it_costs(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    cloud.backlog = [3.0, 7.0]
    found = look(cloud, first)
    assert (found.state, found.instances, found.release) == ("InService", 1, first.desired.release)
    assert found.follows_pointer
    assert (found.min_instances, found.max_instances) == (0, 1)
    assert found.backlog == 3.0
    assert found.usd_per_hour == 0.7364
    assert found.usd_at_most == pytest.approx(2 * 0.7364, abs=0.01)


def test_status_without_datapoints_or_price_says_so(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    found = status(cloud.clients(), "demo", store_of(first.desired), None, START)
    assert (found.backlog, found.usd_per_hour, found.usd_at_most) == (None, None, None)


def test_status_notices_that_something_else_serves(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    cloud.endpoints["demo"]["EndpointConfigName"] = "by-hand"
    cloud.configs["by-hand"] = cloud.configs[first.desired.endpoint_config.name]
    assert not look(cloud, first).follows_pointer


def test_status_of_nothing_is_refused(cloud: WatchedCloud, first: PromotionRequest) -> None:
    with pytest.raises(ConfigurationError, match="there is no endpoint demo here"):
        look(cloud, first)
