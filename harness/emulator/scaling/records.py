"""Scalable targets, scaling policies and scaling activities as rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from harness.emulator.store.store import Store, dump, load

DIMENSION = "sagemaker:variant:DesiredInstanceCount"
_MOST_ACTIVITIES = 1000


@dataclass(frozen=True)
class Target:
    resource_id: str
    arn: str
    min_capacity: int
    max_capacity: int
    role_arn: str
    created_at: float
    is_in_suspended: bool = False
    is_out_suspended: bool = False
    is_scheduled_suspended: bool = False

    @property
    def endpoint_name(self) -> str:
        return self.resource_id.split("/")[1]

    @property
    def variant_name(self) -> str:
        return self.resource_id.split("/")[3]


@dataclass(frozen=True)
class Policy:
    arn: str
    name: str
    resource_id: str
    kind: str
    """StepScaling or TargetTrackingScaling."""
    configuration: Mapping[str, Any]
    alarm_names: tuple[str, ...]
    created_at: float

    @property
    def scales_in_by_tracking(self) -> bool:
        """Whether it is a target tracking policy whose scale-in is enabled."""
        return self.kind == "TargetTrackingScaling" and not self.configuration.get("DisableScaleIn")


@dataclass(frozen=True)
class Activity:
    id: str
    resource_id: str
    capacity: int
    cause: str
    started_at: float
    ended_at: float | None = None
    status: str = "InProgress"
    message: str = ""


class Records:
    def __init__(self, store: Store) -> None:
        self._store = store

    def put_target(self, target: Target) -> None:
        self._put("target", target.resource_id, target.created_at, asdict(target))

    def target(self, resource_id: str) -> Target | None:
        document = self._get("target", resource_id)
        return None if document is None else Target(**document)

    def is_scaled(self, endpoint_name: str, variant_name: str) -> bool:
        return self.target(f"endpoint/{endpoint_name}/variant/{variant_name}") is not None

    def targets(self) -> list[Target]:
        return [Target(**document) for document in self._all("target")]

    def remove_target(self, resource_id: str) -> None:
        """Remove the target with its policies."""
        for policy in self.policies(resource_id):
            self.remove_policy(policy)
        self._remove("target", resource_id)

    def put_policy(self, policy: Policy) -> None:
        self._put("policy", f"{policy.resource_id} {policy.name}", policy.created_at, asdict(policy))

    def policy(self, resource_id: str, name: str) -> Policy | None:
        document = self._get("policy", f"{resource_id} {name}")
        return None if document is None else _policy(document)

    def policies(self, resource_id: str | None = None) -> list[Policy]:
        found = [_policy(document) for document in self._all("policy")]
        return [policy for policy in found if resource_id in (None, policy.resource_id)]

    def remove_policy(self, policy: Policy) -> None:
        self._remove("policy", f"{policy.resource_id} {policy.name}")

    def put_activity(self, activity: Activity) -> None:
        self._put("activity", activity.id, activity.started_at, asdict(activity))
        with self._store.transaction() as rows:
            rows.execute(
                "DELETE FROM scaling WHERE kind = 'activity' AND key NOT IN (SELECT key FROM scaling WHERE"
                " kind = 'activity' ORDER BY created_at DESC LIMIT ?)",
                (_MOST_ACTIVITIES,),
            )

    def end_activity(self, activity: Activity, now: float, status: str, message: str) -> None:
        self.put_activity(replace(activity, ended_at=now, status=status, message=message))

    def activities(self, resource_id: str | None = None) -> list[Activity]:
        """Return the activities, the newest first."""
        found = [Activity(**document) for document in self._all("activity")]
        return [activity for activity in reversed(found) if resource_id in (None, activity.resource_id)]

    def _put(self, kind: str, key: str, created_at: float, document: Mapping[str, Any]) -> None:
        with self._store.transaction() as rows:
            rows.execute(
                "INSERT INTO scaling VALUES (?, ?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET"
                " document = excluded.document",
                (kind, key, created_at, dump(document)),
            )

    def _get(self, kind: str, key: str) -> dict[str, Any] | None:
        row = self._store.row("SELECT document FROM scaling WHERE kind = ? AND key = ?", (kind, key))
        return None if row is None else load(row["document"])

    def _all(self, kind: str) -> list[dict[str, Any]]:
        rows = self._store.rows("SELECT document FROM scaling WHERE kind = ? ORDER BY created_at, rowid", (kind,))
        return [load(row["document"]) for row in rows]

    def _remove(self, kind: str, key: str) -> None:
        with self._store.transaction() as rows:
            rows.execute("DELETE FROM scaling WHERE kind = ? AND key = ?", (kind, key))


def _policy(document: dict[str, Any]) -> Policy:
    return Policy(**{**document, "alarm_names": tuple(document["alarm_names"])})
