"""Models, endpoint configs, endpoints and their tags, as rows. It holds no rules and no error messages."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.emulator.store.deployment import Deployment
from harness.emulator.store.store import Store, dump, load
from harness.emulator.store.update_plan import UpdatePlan

Kind = Literal["models", "endpoint_configs"]

CREATING, IN_SERVICE, UPDATING, ROLLING_BACK = "Creating", "InService", "Updating", "RollingBack"
DELETING, FAILED = "Deleting", "Failed"
# The states in which an endpoint accepts invocations.
SERVING = (IN_SERVICE, UPDATING, ROLLING_BACK)
BUSY = (CREATING, UPDATING, ROLLING_BACK, DELETING)


@dataclass(frozen=True)
class Resource:
    """A model or an endpoint config, as the caller sent it."""

    arn: str
    name: str
    created_at: float
    request: Mapping[str, Any]


@dataclass(frozen=True)
class Capacity:
    """The desired instance count and weight of a variant."""

    instance_count: int
    weight: float


@dataclass(frozen=True)
class Endpoint:
    id: int
    arn: str
    name: str
    status: str
    failure_reason: str | None
    created_at: float
    modified_at: float
    deployment: Deployment
    capacities: Mapping[str, Capacity] = field(default_factory=dict)
    update: UpdatePlan | None = None
    last_deployment_config: Mapping[str, Any] | None = None

    @property
    def takes_invocations(self) -> bool:
        return self.status in SERVING


class Catalog:
    def __init__(self, store: Store) -> None:
        self.store = store

    def add(self, kind: Kind, resource: Resource) -> bool:
        """Return False when the ARN exists already."""
        with self.store.transaction() as rows:
            values = (resource.arn, resource.name, resource.created_at, dump(resource.request))
            return rows.execute(_INSERT[kind], values).rowcount == 1

    def find(self, kind: Kind, arn: str) -> Resource | None:
        row = self.store.row(_SELECT[kind] + " WHERE arn = ?", (arn,))
        return None if row is None else _resource(row)

    def all(self, kind: Kind) -> list[Resource]:
        return [_resource(row) for row in self.store.rows(_SELECT[kind])]

    def remove(self, kind: Kind, arn: str) -> bool:
        with self.store.transaction() as rows:
            rows.execute("DELETE FROM tags WHERE arn = ?", (arn,))
            return rows.execute(_DELETE[kind], (arn,)).rowcount == 1

    def add_endpoint(self, endpoint: Endpoint) -> Endpoint | None:
        """Return the endpoint with its id, or None when the ARN exists already."""
        with self.store.transaction() as rows:
            added = rows.execute(
                "INSERT OR IGNORE INTO endpoints (arn, name, status, created_at, modified_at, deployment, capacities,"
                " last_deployment_config) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (endpoint.arn, endpoint.name, endpoint.status, endpoint.created_at, endpoint.modified_at,
                 dump(endpoint.deployment.to_json()), _dump_capacities(endpoint.capacities),
                 dump(endpoint.last_deployment_config)),
            )  # fmt: skip
            return self.endpoint(endpoint.arn) if added.rowcount == 1 else None

    def endpoint(self, arn: str) -> Endpoint | None:
        row = self.store.row("SELECT * FROM endpoints WHERE arn = ?", (arn,))
        return None if row is None else _endpoint(row)

    def endpoint_by_id(self, endpoint_id: int) -> Endpoint | None:
        row = self.store.row("SELECT * FROM endpoints WHERE id = ?", (endpoint_id,))
        return None if row is None else _endpoint(row)

    def endpoints(self) -> list[Endpoint]:
        return [_endpoint(row) for row in self.store.rows("SELECT * FROM endpoints ORDER BY id")]

    def save_endpoint(self, endpoint: Endpoint) -> None:
        with self.store.transaction() as rows:
            rows.execute(
                "UPDATE endpoints SET status = ?, failure_reason = ?, modified_at = ?, deployment = ?, capacities = ?,"
                " update_plan = ?, last_deployment_config = ? WHERE id = ?",
                (endpoint.status, endpoint.failure_reason, endpoint.modified_at, dump(endpoint.deployment.to_json()),
                 _dump_capacities(endpoint.capacities), dump(endpoint.update.to_json()) if endpoint.update else None,
                 dump(endpoint.last_deployment_config), endpoint.id),
            )  # fmt: skip

    def remove_endpoint(self, endpoint: Endpoint) -> None:
        with self.store.transaction() as rows:
            rows.execute("DELETE FROM tags WHERE arn = ?", (endpoint.arn,))
            rows.execute("DELETE FROM jobs WHERE endpoint_id = ?", (endpoint.id,))
            rows.execute("DELETE FROM endpoints WHERE id = ?", (endpoint.id,))

    def tags(self, arn: str) -> list[tuple[str, str]]:
        rows = self.store.rows("SELECT key, value FROM tags WHERE arn = ? ORDER BY rowid", (arn,))
        return [(row["key"], row["value"]) for row in rows]

    def put_tags(self, arn: str, tags: Sequence[tuple[str, str]]) -> None:
        with self.store.transaction() as rows:
            rows.executemany(
                "INSERT INTO tags VALUES (?, ?, ?) ON CONFLICT (arn, key) DO UPDATE SET value = excluded.value",
                [(arn, key, value) for key, value in tags],
            )

    def remove_tags(self, arn: str, keys: Sequence[str]) -> None:
        with self.store.transaction() as rows:
            rows.executemany("DELETE FROM tags WHERE arn = ? AND key = ?", [(arn, key) for key in keys])


_INSERT: Mapping[Kind, str] = {
    "models": "INSERT OR IGNORE INTO models VALUES (?, ?, ?, ?)",
    "endpoint_configs": "INSERT OR IGNORE INTO endpoint_configs VALUES (?, ?, ?, ?)",
}
_SELECT: Mapping[Kind, str] = {"models": "SELECT * FROM models", "endpoint_configs": "SELECT * FROM endpoint_configs"}
_DELETE: Mapping[Kind, str] = {
    "models": "DELETE FROM models WHERE arn = ?",
    "endpoint_configs": "DELETE FROM endpoint_configs WHERE arn = ?",
}


def _resource(row: sqlite3.Row) -> Resource:
    return Resource(row["arn"], row["name"], row["created_at"], load(row["request"]))


def _dump_capacities(capacities: Mapping[str, Capacity]) -> str:
    return dump({name: [capacity.instance_count, capacity.weight] for name, capacity in capacities.items()})


def _endpoint(row: sqlite3.Row) -> Endpoint:
    update = row["update_plan"]
    return Endpoint(
        id=row["id"],
        arn=row["arn"],
        name=row["name"],
        status=row["status"],
        failure_reason=row["failure_reason"],
        created_at=row["created_at"],
        modified_at=row["modified_at"],
        deployment=Deployment.from_json(load(row["deployment"])),
        capacities={name: Capacity(*pair) for name, pair in load(row["capacities"]).items()},
        update=UpdatePlan.from_json(load(update)) if update else None,
        last_deployment_config=load(row["last_deployment_config"] or "null"),
    )
