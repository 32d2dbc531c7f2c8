"""Evidence signed where it is made, so that a gate can tell it from a file that somebody wrote or edited.

`report.json` has a `report.intoto.jsonl` beside it, as `bench.json` has a `bench.intoto.jsonl`: one DSSE envelope
around an in-toto statement whose subject is that file, by digest. The statement holds the evidence itself as well, so
that an edited file can be told field by field.

The predicate is in-toto's test result (v0.1); `rehearsal_evidence` is an extension of it, which its rules allow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploy.core.digests import canonical_json
from deploy.core.files import write_bytes
from deploy.signatures import dsse
from deploy.signatures.dsse import Envelope
from deploy.signatures.keys import PublicKey, Signer
from deploy.signatures.statement import TEST_RESULT, descriptor, difference, read, statement

_SUFFIX = ".intoto.jsonl"
_EVIDENCE = "rehearsal_evidence"


@dataclass(frozen=True)
class Attestation:
    """The bytes of an evidence file, and the line that was found in the file beside it; None without such a file."""

    evidence: bytes = field(repr=False)
    line: bytes | None = field(repr=False)

    def complaint(self, trusted: Sequence[PublicKey]) -> str:
        """Why no trusted key stands for this file; empty if one does."""
        envelope = self._envelope
        if self.line is None:
            return "not signed"
        if envelope is None:
            return "signed in a file that is damaged"
        return dsse.complaint(envelope, trusted) or self.edited()

    def edited(self) -> str:
        """What the file says otherwise than what was signed; empty if nothing, or if nothing was signed."""
        envelope = self._envelope
        if envelope is None:
            return ""
        said = read(envelope.body)
        if _digest_in(said) == hashlib.sha256(self.evidence).hexdigest():
            return ""
        return f"edited since it was signed: {difference(_evidence_in(said), read(self.evidence))}"

    @property
    def _envelope(self) -> Envelope | None:
        return None if self.line is None else dsse.opened(self.line)


def attest(path: Path, signer: Signer) -> Path:
    """Sign the evidence in `path`; returns the file with the signature. Raises DeployError when the disk refuses."""
    beside = _beside(path)
    write_bytes(beside, signed_line(path.name, path.read_bytes(), signer) + b"\n")
    return beside


def signed_line(name: str, data: bytes, signer: Signer) -> bytes:
    """The envelope of the evidence `data`, which is in a file of that name."""
    body = canonical_json(_statement(name, data)).encode("ascii")
    return dsse.seal(body, signer).line


def attestation(path: Path, data: bytes) -> Attestation:
    """What stands beside `path`, whose content is `data`."""
    beside = _beside(path)
    try:
        return Attestation(data, beside.read_bytes().removesuffix(b"\n"))
    except OSError:
        return Attestation(data, None)


def copy(kept: Attestation, path: Path) -> None:
    """Put evidence and signature at `path` and beside it. Raises DeployError when the disk refuses."""
    write_bytes(path, kept.evidence)
    if kept.line is not None:
        write_bytes(_beside(path), kept.line + b"\n")


def remove(paths: Sequence[Path]) -> None:
    """Remove what stands beside: it would be about files of before."""
    for path in paths:
        _beside(path).unlink(missing_ok=True)


def _beside(path: Path) -> Path:
    return path.with_suffix(_SUFFIX)


def _statement(name: str, data: bytes) -> Mapping[str, Any]:
    document = read(data)
    subject = descriptor(name, hashlib.sha256(data).hexdigest(), mediaType="application/json")
    settings = descriptor("rehearsal.toml, the settings that decide what runs", document["configuration"]["sha256"])
    result = "PASSED" if _has_passed(document) else "FAILED"
    predicate = {"result": result, "configuration": [settings], _EVIDENCE: document}
    return statement([subject], TEST_RESULT, predicate)


def _has_passed(document: Mapping[str, Any]) -> bool:
    """A report says so; a benchmark has found settings that it recommends."""
    if "verdict" in document:
        return bool(document["verdict"]["outcome"] == "passed")
    return document["recommendation"]["point"] is not None


def _digest_in(said: Any) -> str | None:
    try:
        return str(said["subject"][0]["digest"]["sha256"])
    except (KeyError, TypeError, IndexError):
        return None


def _evidence_in(said: Any) -> Any:
    try:
        return said["predicate"][_EVIDENCE]
    except (KeyError, TypeError):
        return None
