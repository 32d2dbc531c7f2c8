"""What was promoted, by whom, on which evidence: records and the pointer (`store`), and the signed statements beside
them.

`statements` says a record as in-toto does, `signing` puts it into envelopes, `keys` are whose, `keygen` makes a pair,
`provenance` keeps the statements beside the record and checks them against it.
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
