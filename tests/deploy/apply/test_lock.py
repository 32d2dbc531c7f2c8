"""The deployment lock follows its owner: it does not outlive one that died, and does not end under one that works."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from deploy.apply import ledger_copies
from deploy.apply.ledger import Ledger
from deploy.apply.lock import Lock, held
from deploy.apply.steps import Work
from deploy.apply.storage import ensure_bundle
from deploy.core.errors import AwsRefused, DeployError, LockLost
from deploy.promote.promote import PromotionRequest, promote
from deploy.promote.recording import store_of
from deploy.releases import releases
from tests.deploy.cloud import Refusal
from tests.deploy.promotion_requests import promotion_request
from tests.deploy.watched_cloud import GOOD_ANSWER, START, WatchedCloud

BUCKET, KEY = "bucket", "releases/demo/lock.json"
OURS = Lock(BUCKET, KEY, "me", "arn:me")
THEIRS = Lock(BUCKET, KEY, "you", "arn:you")


@pytest.fixture
def cloud() -> WatchedCloud:
    return WatchedCloud(buckets={BUCKET: "us-east-1"})


def lapse(cloud: WatchedCloud, minutes: float) -> None:
    cloud.slept_seconds.append(60 * minutes)


def take(cloud: WatchedCloud, lock: Lock) -> None:
    with held(cloud.clients(), lock, cloud.clock()):
        pass


def puts(cloud: WatchedCloud) -> int:
    return sum(operation == "PutObject" for _, operation in cloud.calls)


def stolen_by(cloud: WatchedCloud, lock: Lock) -> None:
    """Somebody deleted the lock, and somebody else took it."""
    cloud.objects.pop((lock.bucket, lock.key))
    cloud.clients().s3.put_object(
        Bucket=lock.bucket,
        Key=lock.key,
        Body=json.dumps({"owner": lock.owner, "who": lock.who, "since": "now", "expires": "2999-01-01T00:00:00+00:00"}),
    )


def test_an_owner_that_works_for_hours_keeps_it(cloud: WatchedCloud) -> None:
    with held(cloud.clients(), OURS, cloud.clock()) as hold:
        for _ in range(40):
            hold.clock.sleep(300)
            with pytest.raises(DeployError, match="arn:me has been deploying since 2026-11-20T12:00:00"):
                take(cloud, THEIRS)
    take(cloud, THEIRS)


def test_an_owner_that_died_keeps_others_waiting_for_a_quarter_of_an_hour(cloud: WatchedCloud) -> None:
    with pytest.raises(KeyboardInterrupt), held(cloud.clients(), OURS, cloud.clock()):
        raise KeyboardInterrupt
    lapse(cloud, 14)
    with pytest.raises(DeployError, match="ends by itself at 2026-11-20T12:15:00"):
        take(cloud, THEIRS)
    lapse(cloud, 2)
    take(cloud, THEIRS)


def test_it_is_renewed_when_it_is_due_and_not_at_every_look(cloud: WatchedCloud) -> None:
    with held(cloud.clients(), OURS, cloud.clock()) as hold:
        cloud.calls.clear()
        for _ in range(24):
            hold.clock.sleep(15)
        assert puts(cloud) == 1


def test_an_owner_who_slept_for_too_long_notices_that_another_has_it(cloud: WatchedCloud) -> None:
    with held(cloud.clients(), OURS, cloud.clock()) as hold:
        lapse(cloud, 20)
        stolen_by(cloud, THEIRS)
        with pytest.raises(LockLost, match="arn:you holds it"):
            hold.renew()
    assert cloud.json_object("lock.json")["owner"] == "you"


def test_a_lock_that_was_deleted_by_hand_is_lost(cloud: WatchedCloud) -> None:
    with held(cloud.clients(), OURS, cloud.clock()) as hold:
        del cloud.objects[BUCKET, KEY]
        with pytest.raises(LockLost, match="it was deleted"):
            hold.check()


def test_an_owner_who_slept_and_was_not_missed_goes_on(cloud: WatchedCloud) -> None:
    with held(cloud.clients(), OURS, cloud.clock()) as hold:
        lapse(cloud, 600)
        hold.renew()


def test_a_renewal_whose_answer_was_lost_is_no_loss(cloud: WatchedCloud) -> None:
    with held(cloud.clients(), OURS, cloud.clock()) as hold:
        stolen_by(cloud, OURS)
        hold.check()
        hold.check()


def test_a_network_that_is_away_for_minutes_stops_nothing_and_for_longer_does(cloud: WatchedCloud) -> None:
    with held(cloud.clients(), OURS, cloud.clock()) as hold:
        lapse(cloud, 5)
        cloud.refuse["PutObject"] = [Refusal("InternalError", "try again", 500)]
        hold.renew()
        lapse(cloud, 10)
        cloud.refuse["PutObject"] = [Refusal("InternalError", "try again", 500)]
        with pytest.raises(AwsRefused):
            hold.renew()


def test_a_long_upload_renews_it(cloud: WatchedCloud, tmp_path: Path) -> None:
    """Ten minutes pass after the intent is written, and nothing but the reading of the file happens until the end."""
    what, clock = promotion_request(tmp_path), cloud.clock()
    cloud.buckets[what.desired.bucket.name] = "us-east-1"

    def ten_minutes_later() -> datetime:
        lapse(cloud, 10)
        return clock.today()

    ledger = Ledger(tmp_path / "ledger.jsonl", now=ten_minutes_later)
    with held(cloud.clients(), OURS, clock) as hold:
        work = Work(cloud.clients(), ledger, lambda _: None, clock, "0", "us-east-1").under(hold)
        ensure_bundle(work, what.desired.bundle, None)
        until = datetime.fromisoformat(cloud.json_object("lock.json")["expires"])
        assert until == START + timedelta(minutes=25)


class Robbed:
    """A promotion whose lock is taken by somebody else while its last request is answered."""

    def __init__(self, cloud: WatchedCloud, folder: Path) -> None:
        self.cloud, self.what, self.ledger = cloud, promotion_request(folder / "first"), Ledger(folder / "ledger.jsonl")
        self.lock = Lock(self.what.desired.bucket.name, KEY, "you", "arn:you")

    def promote(self, what: PromotionRequest | None = None) -> None:
        promote(what or self.what, self.cloud.clients(), ledger=self.ledger, clock=self.cloud.clock())

    def answer(self, _: str) -> bytes:
        lapse(self.cloud, 20)
        stolen_by(self.cloud, self.lock)
        return GOOD_ANSWER


def test_a_promotion_whose_lock_was_lost_touches_nothing_more_and_can_be_resumed(tmp_path: Path) -> None:
    cloud = WatchedCloud()
    robbed = Robbed(cloud, tmp_path)
    cloud.answer = robbed.answer
    with pytest.raises(LockLost):
        robbed.promote()
    assert releases(cloud.clients(), store_of(robbed.what.desired)) == ()
    assert cloud.endpoints["demo"]["EndpointStatus"] == "InService"
    assert cloud.json_object("lock.json")["owner"] == "you"
    assert "endpoint" in {entry.kind for entry in robbed.ledger.owned()}

    cloud.answer = lambda _: GOOD_ANSWER
    del cloud.objects[robbed.lock.bucket, robbed.lock.key]
    robbed.promote()
    assert [each.created is not None for each in releases(cloud.clients(), store_of(robbed.what.desired))] == [True]


def test_an_endpoint_that_fails_under_a_lost_lock_is_left_to_whoever_has_it(tmp_path: Path) -> None:
    cloud = WatchedCloud()
    robbed = Robbed(cloud, tmp_path)
    robbed.promote()
    kept = ledger_copies.everything(cloud.clients(), store_of(robbed.what.desired), Ledger(tmp_path / "none"))
    cloud.answer = robbed.answer
    with pytest.raises(LockLost):
        robbed.promote(promotion_request(tmp_path / "second", seed=1))
    assert len(releases(cloud.clients(), store_of(robbed.what.desired))) == 1
    assert ledger_copies.everything(cloud.clients(), store_of(robbed.what.desired), Ledger(tmp_path / "none")) == kept
