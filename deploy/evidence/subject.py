"""What the evidence is about: one bundle and one configuration, both by digest. Computes no digests itself."""

from __future__ import annotations

from deploy.evidence.record import Count, Record, Sha256


class GitState(Record):
    commit: str
    dirty: bool


class Bundle(Record):
    """The `model.tar.gz` that was rehearsed."""

    sha256: Sha256
    size_bytes: Count
    handler_sha256: Sha256
    weights_sha256: Sha256
    git: GitState | None = None
    """None: the handler was not in a git repository."""


class Configuration(Record):
    """The effective configuration; `sha256` is of its canonical form, `path` is None when only defaults were used."""

    path: str | None
    sha256: Sha256
