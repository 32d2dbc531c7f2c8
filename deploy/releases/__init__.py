"""What was promoted, by whom, on which evidence: records and the pointer (`store`), and the signed statements beside
them.

`statements` writes a record as in-toto statements, `signing` puts them in envelopes, `keys` reads keys, `keygen` makes
a pair, `provenance` keeps the statements beside the record and checks them against it.
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
