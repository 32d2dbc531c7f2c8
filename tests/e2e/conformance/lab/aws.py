"""The checks on AWS itself. They run only by explicit option, with a price and a time limit, and delete everything.

No session is made before every setting is given. What the checks create costs money.
"""

from __future__ import annotations

import os
import signal
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from deploy.config.images import partition
from deploy.pricing.prices import Price, price
from tests.e2e.conformance.lab.deleting import Run
from tests.e2e.conformance.lab.lab import Lab
from tests.e2e.conformance.lab.ledger import Ledger
from tests.e2e.conformance.lab.models import model_lab
from tests.e2e.conformance.lab.place import Place

# At once: one of the main endpoint, and two of the endpoint that a check creates.
MOST_INSTANCES = 3
LEDGERS = Path(".rehearsal/conformance")
_REQUIRED = ("profile", "region", "role-arn", "bucket")
_OPTIONAL = {"instance-type": "ml.m5.large", "minutes": "300", "usd-per-hour": ""}
SETTINGS = {
    "profile": "profile of the AWS configuration; no other credentials are used",
    "region": "region to make everything in",
    "role-arn": "execution role that SageMaker takes on: reads and writes the bucket, publishes to topics",
    "bucket": "an existing bucket; the checks write below a prefix of their own and delete it",
    "instance-type": "instance type of every endpoint, ml.m5.large unless given",
    "minutes": "bound on the whole run, 300 unless given: then everything is deleted",
    "usd-per-hour": "an instance's price, where the table has none",
}


@dataclass(frozen=True)
class AwsSettings:
    profile: str
    region: str
    role_arn: str
    bucket: str
    instance_type: str
    minutes: float
    price: Price

    @property
    def usd_at_most(self) -> float:
        return self.price.usd_per_hour * MOST_INSTANCES * self.minutes / 60


def variable(setting: str) -> str:
    return f"REHEARSAL_AWS_{setting.replace('-', '_').upper()}"


def read(option: Callable[[str], str | None], environment: Mapping[str, str]) -> AwsSettings:
    """Read each setting from its option, else its variable. Raises pytest.UsageError naming missing ones."""
    given = {name: option(f"--aws-{name}") or environment.get(variable(name), "") for name in SETTINGS}
    if missing := [name for name in _REQUIRED if not given[name]]:
        wanted = ", ".join(f"--aws-{name} (or {variable(name)})" for name in missing)
        raise pytest.UsageError(f"--against aws makes endpoints that cost money; it needs {wanted}")
    chosen = {name: value or _OPTIONAL.get(name, "") for name, value in given.items()}
    minutes = _number("minutes", chosen["minutes"])
    return AwsSettings(
        chosen["profile"], chosen["region"], chosen["role-arn"], chosen["bucket"], chosen["instance-type"], minutes,
        _price(chosen["region"], chosen["instance-type"], chosen["usd-per-hour"]),
    )  # fmt: skip


def _number(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if number <= 0:
        raise pytest.UsageError(f"--aws-{name} {text!r} is no number above zero")
    return number


def _price(region: str, instance_type: str, given: str) -> Price:
    found = Price(_number("usd-per-hour", given), "as given") if given else price(region, instance_type)
    if found is None:
        raise pytest.UsageError(f"no price is known of {instance_type} in {region}: give it as --aws-usd-per-hour")
    return found


def estimate(settings: AwsSettings) -> str:
    """Describe to the user what the run will create and cost."""
    each = f"{settings.price.usd_per_hour:g} USD an hour each ({settings.price.source})"
    return (
        f"conformance on AWS: profile {settings.profile}, {settings.region}, bucket {settings.bucket}. "
        f"At most {MOST_INSTANCES} instances of {settings.instance_type}, {each}, for at most {settings.minutes:g} "
        f"minutes: at most {settings.usd_at_most:.2f} USD, and cents for storage, messages and metrics. "
        "Everything is deleted at the end."
    )


@contextmanager
def against_aws(settings: AwsSettings, folder: Path, *, sweep: bool, say: Callable[[str], None]) -> Iterator[Lab]:
    """`folder` holds the ledgers. Raises pytest.UsageError when an earlier run left resources and `sweep` is False."""
    left = sorted((folder / LEDGERS).glob("*.json"))
    if left and not sweep:
        raise pytest.UsageError(f"an earlier run left things behind: --aws-sweep deletes what {left[0]} names")
    say(estimate(settings))
    session = boto3.Session(profile_name=settings.profile, region_name=settings.region)
    account = session.client("sts", config=_config()).get_caller_identity()["Account"]
    for path in left:
        say(f"deleting what {path} names")
        Ledger.load(path, _clients(session)).close()
    prefix = f"rehearsal-{uuid.uuid4().hex[:8]}-"
    run = Run(prefix, settings.bucket, f"{prefix[:-1]}/", settings.region, account, partition(settings.region))
    ledger = Ledger(folder / LEDGERS / f"{prefix[:-1]}.json", run, _clients(session))
    with bounded(settings.minutes * 60, say), model_lab(_place(settings, run, session), ledger) as made:
        yield made


def _clients(session: boto3.Session) -> Callable[[str], Any]:
    def client(service: str) -> Any:
        return session.client(service, config=_config())  # type: ignore[call-overload]  # a variable, not a literal

    return client


def _config() -> Config:
    retries: Any = {"mode": "standard", "total_max_attempts": 5}
    return Config(retries=retries, ignore_configured_endpoint_urls=True)  # type: ignore[call-arg]  # stubs lack it


def _place(settings: AwsSettings, run: Run, session: boto3.Session) -> Place:
    kept = ("HOME", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")
    environment = {name: os.environ[name] for name in kept if name in os.environ}
    return Place(
        client=_clients(session),
        region=run.region,
        account=run.account,
        partition=run.partition,
        bucket=run.bucket,
        folder=run.folder,
        prefix=run.prefix,
        role_arn=settings.role_arn,
        instance_type=settings.instance_type,
        client_environment={
            **environment, "AWS_PROFILE": settings.profile, "AWS_DEFAULT_REGION": run.region,
        },
        credentials=session.get_credentials(),
        slowness=30,
        every_seconds=2,
        patience_seconds=1800,
    )  # fmt: skip


@contextmanager
def bounded(seconds: float, say: Callable[[str], None]) -> Iterator[None]:
    """Interrupt the run like Ctrl-C after the limit or at a signal, so that fixtures clean up."""

    def interrupt(number: int, _frame: object) -> None:
        raise KeyboardInterrupt(signal.Signals(number).name)

    def stop() -> None:
        say(f"the bound of {seconds / 60:g} minutes is reached: everything is deleted now")
        os.kill(os.getpid(), signal.SIGTERM)

    kept = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        for number, handler in kept.items():
            signal.signal(number, handler)
