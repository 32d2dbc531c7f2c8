"""`deploy verify` of what was promoted and not touched since, or touched openly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.apply.ledger import Ledger
from deploy.core.errors import ConfigurationError
from deploy.gates.gate import GateVerdict
from deploy.promote.promote import PromotionRequest
from deploy.promote.recording import store_of
from deploy.promote.verify import verify
from tests.deploy.promoting import run
from tests.deploy.watched_cloud import WatchedCloud


def test_what_was_promoted_can_be_proven(cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger) -> None:
    run(cloud, first, ledger)
    links = verify(cloud.clients(), store_of(first.desired), [first.gate_input.bundle.path])
    assert [link.what for link in links if not link.holds] == []
    assert len(links) == 10


def test_another_bundle_at_hand_is_not_the_one_that_serves(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    *_, last = verify(cloud.clients(), store_of(first.desired), [second.gate_input.bundle.path])
    assert not last.holds
    assert "nothing that the record names" in last.detail


def test_every_broken_link_is_named(cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger) -> None:
    run(cloud, first, ledger)
    cloud.objects[first.desired.bundle.bucket, first.desired.bundle.key]["ChecksumSHA256"] = "other="
    model = cloud.models[first.desired.model.name]
    model["PrimaryContainer"] = {**model["PrimaryContainer"], "ModelDataUrl": "s3://other/model.tar.gz"}
    cloud.configs["by-hand"] = {}
    cloud.endpoints["demo"] |= {
        "EndpointConfigName": "by-hand", "ProductionVariants": [{"DeployedImages": [{"ResolvedImage": "x@sha256:1"}]}]
    }  # fmt: skip
    links = verify(cloud.clients(), store_of(first.desired))
    assert [link.what for link in links if not link.holds] == ["endpoint", "model data", "image", "bundle"]


def test_an_override_is_shown_by_verify(cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger) -> None:
    verdict = GateVerdict("runtime", "overridden", "process; overridden because: no Docker")
    run(cloud, replace(first, verdicts=(verdict,)), ledger)
    gates = next(link for link in verify(cloud.clients(), store_of(first.desired)) if link.what == "gates")
    assert gates.holds
    assert "overridden because: no Docker" in gates.detail


def test_there_may_be_nothing_to_verify(
    cloud: WatchedCloud, first: PromotionRequest, tmp_path: Path, ledger: Ledger
) -> None:
    cloud.buckets[first.desired.bucket.name] = "us-east-1"
    with pytest.raises(ConfigurationError, match="no record to verify"):
        verify(cloud.clients(), store_of(first.desired))
    run(cloud, first, ledger)
    with pytest.raises(ConfigurationError, match="does not exist"):
        verify(cloud.clients(), store_of(first.desired), [tmp_path / "none"])
