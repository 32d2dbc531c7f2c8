"""Keeps what was promoted, by whom, on which evidence: records, the pointer, and signed statements beside them.

`store` writes and reads the records and the pointer. `statements` writes a record as in-toto statements, `provenance`
stores them, in signed envelopes, beside the record and checks them against it.
"""

from deploy.releases.store import (
    Attempt,
    EvidenceRecord,
    GateRecord,
    GitRecord,
    Pointer,
    PriceRecord,
    Release,
    ReleaseStore,
    SmokeRecord,
    State,
    Stored,
    Unreadable,
    choose,
    current,
    point,
    pointed,
    readable,
    record,
    releases,
    stored,
)

__all__ = [
    "Attempt",
    "EvidenceRecord",
    "GateRecord",
    "GitRecord",
    "Pointer",
    "PriceRecord",
    "Release",
    "ReleaseStore",
    "SmokeRecord",
    "State",
    "Stored",
    "Unreadable",
    "choose",
    "current",
    "point",
    "pointed",
    "readable",
    "record",
    "releases",
    "stored",
]
