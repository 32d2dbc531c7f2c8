"""Statements in envelopes: DSSE 1.0, one JSON line each.

Source: github.com/secure-systems-lab/dsse (protocol.md, envelope.md); what in-toto demands of an envelope and of a file
of them is in github.com/in-toto/attestation (spec/v1/envelope.md, spec/v1/bundle.md).

Stricter than DSSE, since these files have one writer: an envelope that is not spelled as `Envelope.line` spells it is
damaged, and every signature in it must hold. So no byte of a stored envelope can change unseen. May not: know what a
statement says, or where envelopes are kept.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from deploy.releases.keys import PublicKey, Signer, shown

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Signature(_Part):
    keyid: str
    sig: str
    """Base64."""


class Envelope(_Part):
    """Field names are DSSE's."""

    payload: str
    """Base64."""
    payloadType: Literal["application/vnd.in-toto+json"] = PAYLOAD_TYPE  # noqa: N815  # DSSE's spelling
    signatures: tuple[Signature, ...] = ()
    """None: it is not signed, and must be called so."""

    @property
    def body(self) -> bytes:
        return base64.b64decode(self.payload)

    @property
    def line(self) -> bytes:
        return self.model_dump_json().encode()


def seal(body: bytes, signer: Signer | None) -> Envelope:
    """`body` in an envelope, signed where there is somebody to sign it."""
    payload = _base64(body)
    if signer is None:
        return Envelope(payload=payload)
    signature = Signature(keyid=signer.keyid, sig=_base64(signer.sign(pre_authentication_encoding(body))))
    return Envelope(payload=payload, signatures=(signature,))


def opened(line: bytes) -> Envelope | None:
    """None when it is no envelope, or not spelled as it was written."""
    try:
        envelope = Envelope.model_validate_json(line)
        texts = (envelope.payload, *(each.sig for each in envelope.signatures))
        whole = all(_base64(base64.b64decode(text, validate=True)) == text for text in texts)
    except ValueError:  # ValidationError and binascii.Error are
        return None
    return envelope if whole and envelope.line == line else None


def complaint(envelope: Envelope, trusted: Sequence[PublicKey]) -> str:
    """Why its signatures prove nothing; empty when every one is by a trusted key and fits.

    The key id only selects the key to try: DSSE allows it no other part in the decision.
    """
    if not envelope.signatures:
        return "not signed"
    message = pre_authentication_encoding(envelope.body)
    for each in envelope.signatures:
        key = next((key for key in trusted if key.keyid == each.keyid), None)
        if key is None:
            return f"signed with key {shown(each.keyid)!r}, which is none of release.public_keys"
        if not key.fits(base64.b64decode(each.sig), message):
            return f"not what key {shown(each.keyid)} signed"
    return ""


def pre_authentication_encoding(body: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """DSSE's PAE, version 1: what really is signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
