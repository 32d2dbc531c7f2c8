"""Shares one ledger among several machines: a copy beside the release records is joined before work and kept after it.

This happens under the deployment lock only, so two machines never join at once. The changes of a machine that died are
in its own ledger, which joins with the next deployment from that machine.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from deploy.apply.ledger import Entry, Ledger
from deploy.aws import Clients, aws_errors
from deploy.aws.s3 import fetch
from deploy.core import files
from deploy.core.errors import ConfigurationError
from deploy.releases import ReleaseStore

_NAME = "ledger.jsonl"


def join(clients: Clients, store: ReleaseStore, ledger: Ledger) -> None:
    """Add the lines of other machines to the local ledger, sorted by time."""
    found = fetch(clients, f"s3://{store.bucket}/{store.prefix}/{_NAME}")
    if found is None:
        return
    local = ledger.path.read_text(encoding="utf-8") if ledger.path.exists() else ""
    lines = [line for text in (found[0].decode("utf-8"), local) for line in text.split("\n")[:-1]]
    try:
        joined = sorted(dict.fromkeys(lines), key=lambda line: str(json.loads(line)["at"]))
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"s3://{store.bucket}/{store.prefix}/{_NAME} or {ledger.path} holds a line that is no ledger entry "
            f"({error}): repair or remove it"
        ) from error
    files.write_text(ledger.path, "".join(f"{line}\n" for line in joined))


def everything(clients: Clients, store: ReleaseStore, ledger: Ledger) -> tuple[Entry, ...]:
    """The lines of all machines, sorted by time. This only reads, so it needs no lock."""
    found = fetch(clients, f"s3://{store.bucket}/{store.prefix}/{_NAME}")
    if found is None:
        return ledger.entries()
    with tempfile.TemporaryDirectory(prefix="rehearsal-ledger-") as folder:
        copy = Ledger(Path(folder) / _NAME)
        copy.path.write_bytes(found[0])
        return tuple(sorted({*copy.entries(), *ledger.entries()}, key=lambda entry: entry.at))


def keep(clients: Clients, store: ReleaseStore, ledger: Ledger) -> None:
    data = ledger.path.read_bytes() if ledger.path.exists() else b""
    with aws_errors("keeping a copy of the ledger"):
        clients.s3.put_object(Bucket=store.bucket, Key=f"{store.prefix}/{_NAME}", Body=data)
