"""Release records: every attempt is listed, and what cannot be read is listed as that."""

from __future__ import annotations

import pytest

from deploy.apply.ledger import Ledger
from deploy.cli.output import rendering
from deploy.core.errors import AwsRefused, ConfigurationError, EndpointFailed
from deploy.promote.promote import PromotionRequest
from deploy.promote.recording import store_of
from deploy.releases import Stored, Unreadable, current, readable, releases
from tests.deploy.cloud import Refusal
from tests.deploy.promoting import run
from tests.deploy.watched_cloud import GOOD_ANSWER, START, WatchedCloud


def test_every_attempt_is_listed_newest_first(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    cloud.answer = lambda config: None if config == second.desired.endpoint_config.name else GOOD_ANSWER
    with pytest.raises(EndpointFailed):
        run(cloud, second, ledger)
    found = readable(releases(cloud.clients(), store_of(first.desired)))
    assert [each.release.state for each in found] == ["rolled_back", "promoted"]


def test_a_record_changed_by_hand_is_noticed(cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger) -> None:
    run(cloud, first, ledger)
    (record,) = [each for key, each in cloud.objects.items() if key[1].endswith("Z.json")]
    record["Data"] = record["Data"].replace(b'"state": "promoted"', b'"state": "failed"')
    with pytest.raises(ConfigurationError, match="not the record that it was set to"):
        current(cloud.clients(), store_of(first.desired))


def damage(cloud: WatchedCloud, what: PromotionRequest, text: bytes = b'{"schema": "rehearsal.release/9"}') -> None:
    """The record of that release can no longer be read."""
    for (_, key), stored in cloud.objects.items():
        if f"{what.desired.release}-" in key and key.endswith("Z.json"):
            stored["Data"] = text


def test_a_record_that_cannot_be_read_is_listed_as_that(
    cloud: WatchedCloud, first: PromotionRequest, second: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    run(cloud, second, ledger)
    damage(cloud, first)
    newest, oldest = releases(cloud.clients(), store_of(first.desired))
    assert isinstance(newest, Stored)
    assert isinstance(oldest, Unreadable)
    assert oldest.release == first.desired.release
    assert START <= oldest.created < newest.created
    assert oldest.reason.startswith("is not a release of this version (schema: ")
    said = rendering.releases((newest, oldest), newest.key).splitlines()
    assert said[1].startswith(f"   {first.desired.release}  2026-11-20 12:00Z  unreadable: is not a release")


def test_a_record_that_s3_keeps_from_us_is_listed_as_that(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    cloud.refuse["GetObject"] = [Refusal("AccessDenied", "Access Denied", 403)]
    (found,) = releases(cloud.clients(), store_of(first.desired))
    assert isinstance(found, Unreadable)
    assert found.reason == "S3 refuses it: AccessDenied"
    cloud.refuse["GetObject"] = [Refusal("ExpiredToken", "The provided token has expired.")]
    with pytest.raises(AwsRefused, match="ExpiredToken"):
        releases(cloud.clients(), store_of(first.desired))


def test_there_are_no_releases_where_there_is_no_bucket(cloud: WatchedCloud, first: PromotionRequest) -> None:
    assert releases(cloud.clients(), store_of(first.desired)) == ()
