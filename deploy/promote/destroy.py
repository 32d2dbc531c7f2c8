"""Deletes the resources in a ledger, dependants first (`deploy destroy`). Data are deleted with `purge` only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from deploy.apply import ensure_monitoring
from deploy.apply.endpoint import delete_endpoint
from deploy.apply.ledger import Entry, Kind, Ledger
from deploy.apply.lock import Hold
from deploy.apply.steps import OnStep, Step, Work, ignore
from deploy.apply.storage import empty_bucket
from deploy.aws import Clients, describe
from deploy.aws.s3 import split
from deploy.core.errors import AwsRefused, ConfigurationError
from deploy.core.waiting import REAL_TIME, Clock
from deploy.releases import ReleaseStore

_DATA: tuple[Kind, ...] = ("bucket", "object")


@dataclass(frozen=True)
class Destroyed:
    deleted: tuple[str, ...]
    kept: tuple[str, ...]
    """Buckets and objects, which only `purge` deletes."""
    steps: tuple[Step, ...]


def destroy(
    ledger: Ledger,
    clients: Clients,
    *,
    on_step: OnStep = ignore,
    clock: Clock = REAL_TIME,
    purge: bool = False,
    hold: Hold | None = None,
) -> Destroyed:
    """Delete everything the ledger owns; what does not exist any more counts as deleted. Safe to run again.

    `hold` is the deployment lock, where there is one. Raises ConfigurationError when the ledger is of another account
    or region than `clients`.
    """
    owned = ledger.owned()
    if not owned:
        return Destroyed((), (), ())
    work = Work(clients, ledger, on_step, clock, owned[0].account, owned[0].region)
    work = work if hold is None else work.under(hold)
    _check_same_place(ledger, owned, clients)
    deleted, kept = [], []
    going, staying = divided(owned, purge=purge)
    for entry in sorted(going, key=lambda entry: _ORDER.index(entry.kind)):
        work.renew()
        _delete(work, entry)
        deleted.append(entry.name)
    for entry in staying:
        work.tell(entry.kind, entry.name, "kept", "data")
        kept.append(entry.name)
    return Destroyed(tuple(deleted), tuple(kept), tuple(work.steps))


def divided(owned: Sequence[Entry], *, purge: bool) -> tuple[list[Entry], list[Entry]]:
    """Divide entries into those to delete and those to keep: data are deleted with `purge` only."""
    stays = [not purge and entry.kind in _DATA for entry in owned]
    pairs = list(zip(owned, stays, strict=True))
    return [entry for entry, stay in pairs if not stay], [entry for entry, stay in pairs if stay]


def purge_records(clients: Clients, store: ReleaseStore) -> bool:
    """Delete release records, pointer and ledger in a bucket that something else made; False without such a bucket."""
    if describe.bucket_region(clients, store.bucket) is None:
        return False
    empty_bucket(clients, store.bucket, f"{store.prefix}/")
    return True


def _check_same_place(ledger: Ledger, owned: tuple[Entry, ...], clients: Clients) -> None:
    account, region = clients.account(), clients.target.region
    for entry in owned:
        if (entry.account, entry.region) != (account, region):
            raise ConfigurationError(
                f"{ledger.path} speaks of account {entry.account} in {entry.region}, these credentials of {account} in "
                f"{region}: name the profile that created it with --profile"
            )


def _delete(work: Work, entry: Entry) -> None:
    try:
        _DELETERS[entry.kind](work, entry.name)
    except AwsRefused as refused:
        if not describe.is_missing(refused):
            raise
        work.deleted(entry.kind, entry.name)


def _delete_endpoint(work: Work, name: str) -> None:
    if describe.endpoint(work.clients, name) is None:
        work.deleted("endpoint", name)
    else:
        delete_endpoint(work, name)


def _delete_endpoint_config(work: Work, name: str) -> None:
    client = work.clients.sagemaker
    work.delete("endpoint-config", name, lambda: client.delete_endpoint_config(EndpointConfigName=name))


def _delete_model(work: Work, name: str) -> None:
    work.delete("model", name, lambda: work.clients.sagemaker.delete_model(ModelName=name))


def _delete_topic(work: Work, arn: str) -> None:
    work.delete("topic", arn, lambda: work.clients.sns.delete_topic(TopicArn=arn))


def _delete_object(work: Work, url: str) -> None:
    """Delete every version, because in a versioned bucket deleting the object alone would only hide it."""
    bucket, key = split(url)
    work.delete("object", url, lambda: empty_bucket(work.clients, bucket, key))


def _delete_bucket(work: Work, name: str) -> None:
    empty_bucket(work.clients, name)
    work.delete("bucket", name, lambda: work.clients.s3.delete_bucket(Bucket=name))


_DELETERS: Mapping[Kind, Callable[[Work, str], None]] = {
    "scalable-target": ensure_monitoring.deregister,
    "alarm": ensure_monitoring.delete_alarm,
    "dashboard": ensure_monitoring.delete_dashboard,
    "endpoint": _delete_endpoint,
    "endpoint-config": _delete_endpoint_config,
    "model": _delete_model,
    "topic": _delete_topic,
    "object": _delete_object,
    "bucket": _delete_bucket,
}
# The order is creation's reversed: an endpoint before the configuration that it uses, that before its model.
_ORDER: tuple[Kind, ...] = tuple(_DELETERS)
