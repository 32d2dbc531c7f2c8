"""The SQLite file: its schema, its one connection and its transactions. Other modules give the rows their meaning.

With WAL and `synchronous=NORMAL`, every committed row survives a `kill -9` of the emulator.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from harness.core.errors import ConfigurationError
from harness.emulator.store.disk import Disk

SCHEMA_VERSION = 2

_SCHEMA = """
CREATE TABLE models (
    arn TEXT PRIMARY KEY, name TEXT NOT NULL, created_at REAL NOT NULL, request TEXT NOT NULL);
CREATE TABLE endpoint_configs (
    arn TEXT PRIMARY KEY, name TEXT NOT NULL, created_at REAL NOT NULL, request TEXT NOT NULL);
CREATE TABLE endpoints (
    id INTEGER PRIMARY KEY AUTOINCREMENT, arn TEXT NOT NULL UNIQUE, name TEXT NOT NULL, status TEXT NOT NULL,
    failure_reason TEXT, created_at REAL NOT NULL, modified_at REAL NOT NULL,
    deployment TEXT NOT NULL, capacities TEXT NOT NULL, update_plan TEXT, last_deployment_config TEXT);
CREATE TABLE tags (
    arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key));
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL UNIQUE, endpoint_id INTEGER NOT NULL,
    state TEXT NOT NULL, received_at REAL NOT NULL, expires_at REAL NOT NULL, not_before REAL NOT NULL DEFAULT 0,
    started_at REAL, instance_id TEXT, request TEXT NOT NULL, outcome TEXT, event_at REAL,
    is_delivered INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0);
CREATE INDEX jobs_by_state ON jobs (endpoint_id, state, id);
CREATE TABLE scaling (
    kind TEXT NOT NULL, key TEXT NOT NULL, created_at REAL NOT NULL, document TEXT NOT NULL, PRIMARY KEY (kind, key));
"""
# Each statement migrates a file of that version to the next one.
_CHANGES = {1: "ALTER TABLE jobs ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0;"}


class _Connection(sqlite3.Connection):
    """A connection that announces each statement to the disk."""

    disk = Disk()

    def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:
        self.disk.before("sql", sql)
        return super().execute(sql, values)

    def executemany(self, sql: str, values: Any, /) -> sqlite3.Cursor:
        self.disk.before("sql", sql)
        return super().executemany(sql, values)


class Store:
    """One connection, which every thread uses under one lock."""

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, factory=_Connection)
        self._connection.disk = disk or self._connection.disk
        self._connection.row_factory = sqlite3.Row
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=5000"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._migrate(path)

    def _migrate(self, path: Path) -> None:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            self._connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
        elif version < SCHEMA_VERSION:
            changes = " ".join(_CHANGES[each] for each in range(version, SCHEMA_VERSION))
            self._connection.executescript(f"BEGIN; {changes} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
        elif version != SCHEMA_VERSION:
            raise ConfigurationError(
                f"{path} has schema {version}, this emulator writes {SCHEMA_VERSION}; move it away and start again"
            )

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit everything or nothing; nested transactions join the outermost.

        Raises sqlite3.OperationalError when the file takes nothing; no part of the change is stored then.
        """
        with self._lock:
            if self._depth:
                yield self._connection
                return
            self._roll_back()
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                self._depth = 0
                self._roll_back()

    def _roll_back(self) -> None:
        """End the transaction that an error left open: SQLite ends some by itself, and a full disk leaves some open."""
        if self._connection.in_transaction:
            sqlite3.Connection.execute(self._connection, "ROLLBACK")

    def rows(self, query: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def row(self, query: str, values: Sequence[object] = ()) -> sqlite3.Row | None:
        found = self.rows(query, values)
        return found[0] if found else None

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def dump(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"), sort_keys=False)


def load(text: str) -> Any:
    return json.loads(text)
