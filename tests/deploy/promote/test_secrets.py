"""No credential of a handler leaves the project's file for a record, a ledger, a plan or a screen."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from deploy.apply.ledger import Ledger
from deploy.cli.output import rendering
from deploy.cli.output.rendering import Outlook
from deploy.config.origin import values
from deploy.core.errors import ConfigurationError
from deploy.core.redaction import REDACTED, digested, names_a_secret
from deploy.failed_requests import kept
from deploy.plan.drift import drift
from deploy.plan.observe import observe
from deploy.plan.plan import plan
from deploy.promote.promote import PromotionRequest, promote
from deploy.promote.recording import store_of
from tests.deploy.promotion_requests import promotion_request
from tests.deploy.watched_cloud import WatchedCloud

SECRET, PASSWORD = "hf_verysecret", "hunter2"  # made up
OTHER = "hf_anothersecret"


def settings(token: str) -> str:
    lines = (f'HF_TOKEN = "{token}"', f'DATABASE_URL = "postgres://me:{PASSWORD}@db/x"', 'TOKENIZER_PATH = "tok.json"')
    return "[handler.environment]\n" + "\n".join(lines) + "\n"


@pytest.fixture
def first(tmp_path: Path) -> PromotionRequest:
    return promotion_request(tmp_path / "first", extra=settings(SECRET))


def run(cloud: WatchedCloud, what: PromotionRequest, ledger: Ledger) -> None:
    promote(what, cloud.clients(), ledger=ledger, clock=cloud.clock())


def plan_of(cloud: WatchedCloud, what: PromotionRequest) -> str:
    planned = plan(what.desired, what.monitoring, observe(what.desired, what.monitoring, cloud.clients()))
    return planned.to_json() + rendering.plan(planned, what.gate_input.project, Outlook(None, None, "", ""))


def holds_a_secret(text: str) -> bool:
    return any(secret in text for secret in (SECRET, OTHER, PASSWORD))


def test_the_container_gets_the_secret_and_no_document_does(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    (model,) = cloud.models.values()
    assert model["PrimaryContainer"]["Environment"]["HF_TOKEN"] == SECRET
    written = {
        key: stored["Data"].decode() for (_, key), stored in cloud.objects.items() if key.startswith("releases/")
    }
    assert {key.rpartition("/")[2] for key in written} >= {"current.json", "ledger.jsonl"}
    assert [key for key, text in written.items() if holds_a_secret(text)] == []
    assert not holds_a_secret(ledger.path.read_text())
    (record,) = [json.loads(text) for key, text in written.items() if key.endswith("Z.json")]
    assert record["model"]["PrimaryContainer"]["Environment"]["TOKENIZER_PATH"] == "tok.json"


def test_a_changed_secret_is_drift_that_names_it_and_not_its_value(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    store = store_of(first.desired)
    assert drift(cloud.clients(), store, first.monitoring) == ()
    (model,) = cloud.models.values()
    model["PrimaryContainer"]["Environment"]["HF_TOKEN"] = OTHER
    (found,) = drift(cloud.clients(), store, first.monitoring)
    assert found.startswith("model: PrimaryContainer.Environment.HF_TOKEN: '(redacted) sha256:")
    assert not holds_a_secret(found)


def test_a_record_from_before_secrets_were_kept_out_is_compared_all_the_same(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    (key,) = [key for key in cloud.objects if key[1].endswith("Z.json")]
    record = json.loads(cloud.objects[key]["Data"])
    record["model"]["PrimaryContainer"]["Environment"]["HF_TOKEN"] = SECRET
    cloud.objects[key]["Data"] = json.dumps(record).encode()
    pointer = json.loads(cloud.objects[key[0], "releases/demo/current.json"]["Data"])
    pointer["record_sha256"] = digest(cloud.objects[key]["Data"])
    cloud.objects[key[0], "releases/demo/current.json"]["Data"] = json.dumps(pointer).encode()
    assert drift(cloud.clients(), store_of(first.desired), first.monitoring) == ()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_plan_shows_that_a_secret_changes_and_not_what_it_is(
    cloud: WatchedCloud, first: PromotionRequest, tmp_path: Path, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    said = plan_of(cloud, promotion_request(tmp_path / "second", extra=settings(OTHER)))
    assert "PrimaryContainer.Environment.HF_TOKEN: '(redacted) sha256:" in said
    assert not holds_a_secret(said)


def test_a_model_of_other_hands_is_refused_without_saying_its_secrets(
    cloud: WatchedCloud, first: PromotionRequest, ledger: Ledger
) -> None:
    run(cloud, first, ledger)
    (model,) = cloud.models.values()
    model["PrimaryContainer"]["Environment"]["HF_TOKEN"] = OTHER
    cloud.slept_seconds.append(60)
    with pytest.raises(ConfigurationError, match="exists with other contents") as refused:
        run(cloud, first, ledger)
    assert "HF_TOKEN" in str(refused.value)
    assert not holds_a_secret(str(refused.value))


def test_the_settings_are_shown_without_their_secrets(first: PromotionRequest) -> None:
    shown = {each.key: each.value for each in values(first.gate_input.project.path, None)}
    assert [shown[f"handler.environment.{name}"] for name in ("HF_TOKEN", "DATABASE_URL")] == [REDACTED, REDACTED]
    assert shown["handler.environment.TOKENIZER_PATH"] == "tok.json"


def test_a_digest_is_withheld_from_a_kept_request_like_the_value_itself() -> None:
    environment = digested(
        {"HF_TOKEN": SECRET, "DATABASE_URL": f"postgres://me:{PASSWORD}@db/x", "FRAME_INTERVAL": "5"}
    )
    assert kept.withheld_from(environment) == ({"FRAME_INTERVAL": "5"}, ("DATABASE_URL", "HF_TOKEN"))


def test_what_is_digested_stays_as_it_is() -> None:
    once = digested({"HF_TOKEN": SECRET, "PLAIN": "x"})
    assert digested(once) == once
    assert digested({"HF_TOKEN": OTHER}) != digested({"HF_TOKEN": SECRET})


SECRETS = """
    HF_TOKEN TOKEN ACCESSTOKEN API_TOKENS ADMIN_TOKEN SUPER_TOKEN NEW_TOKEN --token PGPASSWORD DB_PASSWD KEY_PASSPHRASE
    apiKey API_KEY AWS_SECRET_ACCESS_KEY SIGNING_KEY MAX_TOKENS_SECRET
"""
PLAIN = """
    TOKENIZER_PATH TOKENIZERS_PARALLELISM TOKENISER TOKENIZATION MAX_TOKENS MAX_NEW_TOKENS NUM_TOKENS COST_PER_TOKEN
    TOKENS_PER_SECOND TOKEN_LIMIT TOKEN_COUNT FRAME_INTERVAL KEYFRAMES MONKEY
"""


@pytest.mark.parametrize("name", SECRETS.split())
def test_a_name_that_speaks_of_a_secret(name: str) -> None:
    assert names_a_secret(name)


@pytest.mark.parametrize("name", PLAIN.split())
def test_a_name_that_does_not(name: str) -> None:
    assert not names_a_secret(name)
