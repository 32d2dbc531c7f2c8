"""The resources that the checks create in an account: recorded before creation, tagged, and deleted at the end.

The ledger hooks into boto3 clients: it records every creation, whatever code calls the client, and refuses to send a
change to a resource whose name lacks the run's prefix.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from harness.core.errors import HarnessError, RehearsalError
from tests.e2e.conformance.lab.deleting import DELETIONS, Made, Run

SCHEMA = "rehearsal.conformance-ledger/1"
TAG = "rehearsal:conformance"
_READS = ("Describe", "Filter", "Get", "Head", "Invoke", "List", "Receive")
_NAMED_BY = {
    "CreateModel": "ModelName",
    "DeleteModel": "ModelName",
    "CreateEndpointConfig": "EndpointConfigName",
    "DeleteEndpointConfig": "EndpointConfigName",
    "CreateEndpoint": "EndpointName",
    "UpdateEndpoint": "EndpointName",
    "UpdateEndpointWeightsAndCapacities": "EndpointName",
    "DeleteEndpoint": "EndpointName",
    "CreateTopic": "Name",
    "DeleteTopic": "TopicArn",
    "Subscribe": "TopicArn",
    "CreateQueue": "QueueName",
    "DeleteQueue": "QueueUrl",
    "SetQueueAttributes": "QueueUrl",
    "DeleteMessage": "QueueUrl",
    "PutMetricAlarm": "AlarmName",
    "SetAlarmState": "AlarmName",
    "DeleteAlarms": "AlarmNames",
    "RegisterScalableTarget": "ResourceId",
    "DeregisterScalableTarget": "ResourceId",
    "PutScalingPolicy": "ResourceId",
    "DeleteLogGroup": "logGroupName",
    "PutObject": "Key",
    "DeleteObjects": "Delete",
}
_TAKES_TAGS = ("CreateModel", "CreateEndpointConfig", "CreateEndpoint", "CreateTopic", "PutMetricAlarm")


class NotOurs(HarnessError):
    """A check tried to change a resource that this run did not create."""


class LeftBehind(HarnessError):
    """Resources that could not be deleted; the message names them and the ledger file."""


class Ledger:
    """`path` holds the ledger while a resource may exist; `client` makes the clients that delete."""

    def __init__(self, path: Path, run: Run, client: Callable[[str], Any], made: tuple[Made, ...] = ()) -> None:
        self.path, self.run = path, run
        self.made = list(made) or [Made("Objects", run.folder)]
        self._make_client = client
        self._clients: dict[str, Any] = {}
        self._write()

    @classmethod
    def load(cls, path: Path, client: Callable[[str], Any]) -> Ledger:
        """Load the ledger of a run that ended without cleaning up."""
        found = json.loads(path.read_text(encoding="utf-8"))
        return cls(path, Run(**found["run"]), client, tuple(Made(**one) for one in found["made"]))

    def client(self, service: str) -> Any:
        """Return a client whose changes are recorded, tagged, and restricted to this run's names."""
        if service not in self._clients:
            made = self._clients[service] = self._make_client(service)
            made.meta.events.register("provide-client-params", self._watch)
        return self._clients[service]

    def _watch(self, params: dict[str, Any], model: Any, **_: object) -> None:
        operation: str = model.name
        if operation.startswith(_READS):
            return
        self._require_ours(operation, params)
        if operation in _TAKES_TAGS:
            params["Tags"] = [*params.get("Tags", ()), {"Key": TAG, "Value": self.run.prefix}]
        if operation == "CreateQueue":
            params["tags"] = {**params.get("tags", {}), TAG: self.run.prefix}
        if operation == "CreateEndpoint" and self.run.has_logs:
            self._note(Made("LogGroup", params["EndpointName"]))
        if operation in DELETIONS:
            self._note(Made(operation, params[_NAMED_BY[operation]]))

    def _require_ours(self, operation: str, params: Mapping[str, Any]) -> None:
        value = params.get(_NAMED_BY.get(operation, ""))
        if operation in ("PutObject", "DeleteObjects"):
            keys = [value] if isinstance(value, str) else [one["Key"] for one in (value or {})["Objects"]]
            is_ours = params["Bucket"] == self.run.bucket and all(key.startswith(self.run.folder) for key in keys)
        else:
            names = [value] if isinstance(value, str) else value or [""]
            is_ours = all(_own_name(name).startswith(self.run.prefix) for name in names)
        if not is_ours:
            raise NotOurs(f"{operation} of {value}: the checks change only what begins with {self.run.prefix}")

    def _note(self, made: Made) -> None:
        if made not in self.made:
            self.made.append(made)
            self._write()

    def _write(self) -> None:
        document = {"schema": SCHEMA, "run": asdict(self.run), "made": [asdict(one) for one in self.made]}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_suffix(".new")
        fresh.write_text(json.dumps(document, indent=1), encoding="utf-8")
        fresh.replace(self.path)

    def endpoints(self) -> frozenset[Made]:
        return frozenset(one for one in self.made if one.operation == "CreateEndpoint")

    def delete(self, unwanted: Collection[Made]) -> None:
        """Delete, the newest first, and go on after a refusal. Raises LeftBehind when anything is left."""
        refusals = []
        for one in [one for one in reversed(self.made) if one in unwanted]:
            try:
                DELETIONS[one.operation](self.client, self.run, one.name)
            except (BotoCoreError, ClientError, RehearsalError) as error:
                refusals.append(f"{one.operation} {one.name}: {error}")
            else:
                self.made.remove(one)
                self._write()
        if refusals:
            raise LeftBehind(f"could not be deleted, see {self.path}: " + "; ".join(refusals))

    def close(self) -> None:
        """Delete everything; remove the file when nothing is left."""
        self.delete(tuple(self.made))
        self.path.unlink()


def _own_name(name: str) -> str:
    """Extract the name from `endpoint/<name>/variant/...`, an ARN, a queue's URL, a log group or a plain name."""
    if name.startswith("endpoint/"):
        return name.split("/")[1]
    return re.split("[:/]", name)[-1]
