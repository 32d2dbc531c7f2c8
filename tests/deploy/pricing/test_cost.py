"""Prices come from where they say, and estimates follow the formulas they name."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from deploy.core.errors import AwsRefused, ConfigurationError
from deploy.plan.quota import require_quota
from deploy.pricing import Price, price
from deploy.pricing import cost as costs
from deploy.pricing.cost import Load, cost, require_within_budget
from tests.deploy.cloud import Refusal
from tests.deploy.projects import write_project
from tests.deploy.watched_cloud import WatchedCloud

PRICE = Price(0.7364, "table")


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")


def product(usagetype: str, *usd: str) -> dict[str, Any]:
    dimensions = {str(number): {"pricePerUnit": {"USD": each}} for number, each in enumerate(usd)}
    return {
        "product": {"attributes": {"usagetype": usagetype}},
        "terms": {"OnDemand": {"term": {"priceDimensions": dimensions}}},
    }


def test_the_table_names_its_date_and_region() -> None:
    found = price("us-east-1", "ml.g4dn.xlarge")
    assert found is not None
    assert found.usd_per_hour == 0.7364
    assert "table of 2026-" in found.source
    assert "us-east-1" in found.source


def test_what_nobody_knows_has_no_price() -> None:
    assert price("us-east-1", "ml.unheard.of") is None
    assert price("af-south-1", "ml.g4dn.xlarge") is None


def test_the_price_list_wins_and_the_asynchronous_usage_first() -> None:
    cloud = WatchedCloud(
        products=[
            product("EUW3-Host:ml.g4dn.xlarge", "0.861"),
            product("EUW3-AsyncInf:ml.g4dn.xlarge", "0.9"),
            product("EUW3-Train:ml.g4dn.xlarge", "0.1"),
        ]
    )
    assert price("eu-west-3", "ml.g4dn.xlarge", cloud.real_clients()) == Price(
        0.9, "AWS Price List, AsyncInf, eu-west-3"
    )


def test_without_an_asynchronous_price_the_hosting_price_is_named_as_such() -> None:
    cloud = WatchedCloud(products=[product("Host:ml.g4dn.xlarge", "0.8")])
    assert price("us-east-1", "ml.g4dn.xlarge", cloud.real_clients()) == Price(0.8, "AWS Price List, Host, us-east-1")


def test_two_different_prices_are_no_answer() -> None:
    cloud = WatchedCloud(products=[product("Host:ml.g4dn.xlarge", "0.8", "0.9")])
    found = price("us-east-1", "ml.g4dn.xlarge", cloud.real_clients())
    assert found is not None
    assert found.source.startswith("table")


def test_without_permission_to_ask_the_table_answers() -> None:
    cloud = WatchedCloud(refuse={"GetProducts": [Refusal("AccessDeniedException", "no")]})
    assert price("us-east-1", "ml.g4dn.xlarge", cloud.real_clients()) == price("us-east-1", "ml.g4dn.xlarge")


def test_the_local_cloud_is_not_asked_for_prices() -> None:
    cloud = WatchedCloud()
    assert price("us-east-1", "ml.g4dn.xlarge", cloud.clients()) is not None
    assert cloud.calls == []


def test_hours_a_day_follow_the_published_table(tmp_path: Path) -> None:
    """Poisson arrivals, 15 minutes idle, 6.5 minutes cold start: 11.1 h a day at 2 requests an hour, 22.2 at 10."""
    project = write_project(tmp_path)
    for rate, hours in ((0.5, 3.8), (2.0, 11.1), (10.0, 22.2)):
        found = cost(project, PRICE, Load(rate, 1.0))
        assert found.hours_per_day.expected == pytest.approx(hours, rel=0.02)


LOADS = st.builds(Load, st.floats(0.01, 10_000), st.floats(0.01, 3600), st.none() | st.floats(1, 1000))


@given(load=LOADS, most=st.integers(1, 20))
@example(load=Load(147.0, 2.0), most=1)
def test_estimates_are_ordered_and_never_beyond_the_largest_fleet(
    load: Load, most: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project = write_project(tmp_path_factory.mktemp("p"), extra=f"[autoscaling]\nmax_instances = {most}\n")
    found = cost(project, PRICE, load)
    hours = found.hours_per_day
    assert 0 < hours.low <= hours.expected <= hours.high <= 24 * most + 1e-9
    assert math.isfinite(found.usd_per_month.high)
    assert (found.usd_per_1000_frames is None) is (load.frames_per_request is None)


def test_an_endpoint_that_never_sleeps_costs_the_whole_day(tmp_path: Path) -> None:
    for extra in ("[autoscaling]\nenabled = false\n", "[autoscaling]\nmin_instances = 1\n"):
        project = write_project(tmp_path, extra=extra)
        assert cost(project, PRICE, Load(0.01, 1.0)).hours_per_day.expected == 24.0


@pytest.mark.parametrize("load", [Load(0, 1), Load(1, 0), Load(-1, 1)])
def test_no_load_is_no_estimate(tmp_path: Path, load: Load) -> None:
    with pytest.raises(ConfigurationError, match="above zero"):
        cost(write_project(tmp_path), PRICE, load)


def test_an_unknown_price_says_how_to_give_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="--usd-per-hour"):
        cost(write_project(tmp_path), None, Load(1, 1))


def test_a_plan_beyond_the_budget_is_refused(tmp_path: Path) -> None:
    dear = write_project(tmp_path, extra="[cost]\nmax_usd_per_month = 500\n")
    with pytest.raises(ConfigurationError, match=r"up to \$538 a month, cost\.max_usd_per_month is \$500"):
        require_within_budget(dear, PRICE)
    with pytest.raises(ConfigurationError, match="price"):
        require_within_budget(dear, None)
    require_within_budget(write_project(tmp_path, extra="[cost]\nmax_usd_per_month = 600\n"), PRICE)
    require_within_budget(write_project(tmp_path), None)


def test_an_update_pays_for_two_fleets(tmp_path: Path) -> None:
    project = write_project(tmp_path, extra="[rollout]\nbake_seconds = 1200\n")
    assert costs.usd_per_update(project, PRICE) == pytest.approx(0.7364 * 30 / 60)


@pytest.mark.parametrize(
    ("allowed", "updating", "refused"), [(0, False, True), (1, False, False), (1, True, True), (2, True, False)]
)
def test_a_quota_too_small_is_refused_before_anything_is_made(
    tmp_path: Path, allowed: int, updating: bool, refused: bool
) -> None:
    cloud = WatchedCloud(quotas={"ml.g4dn.xlarge for endpoint usage": allowed, "ml.g5.xlarge for endpoint usage": 0})
    project = write_project(tmp_path)
    if refused:
        with pytest.raises(AwsRefused, match=f"may run {allowed} x ml.g4dn.xlarge"):
            require_quota(cloud.real_clients(), project, updating=updating)
    else:
        said = require_quota(cloud.real_clients(), project, updating=updating)
        assert said == f"{allowed} x ml.g4dn.xlarge for endpoints in this account, this needs {1 + updating}"


def test_a_quota_that_may_not_be_read_refuses_nothing(tmp_path: Path) -> None:
    cloud = WatchedCloud(refuse={"ListServiceQuotas": [Refusal("AccessDeniedException", "no")]})
    said = require_quota(cloud.real_clients(), write_project(tmp_path), updating=True)
    assert said.startswith("unknown, these credentials may not see it; this needs 2")
