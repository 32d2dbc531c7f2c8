"""Puts statements into signed envelopes: DSSE 1.0, one JSON line each.

Sources: github.com/secure-systems-lab/dsse (protocol.md, envelope.md); in-toto's demands on envelopes and files of them
are in github.com/in-toto/attestation (spec/v1/envelope.md, spec/v1/bundle.md).

This module is stricter than DSSE, since these files have one writer: an envelope that is not written exactly as
`Envelope.line` writes it is damaged, and every signature in it must be valid. So a change of any byte is detected. May
not: read statements, or depend on where envelopes are stored.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

from deploy.signatures.keys import PublicKey, Signer, shown

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Signature(_Part):
    keyid: str
    sig: str
    """The signature in base64."""


class Envelope(_Part):
    """The field names are DSSE's."""

    payload: str
    """The statement in base64."""
    payloadType: Literal["application/vnd.in-toto+json"] = PAYLOAD_TYPE  # noqa: N815  # DSSE's spelling
    signatures: tuple[Signature, ...] = ()
    """Empty for an unsigned envelope, which must be reported as unsigned."""

    @property
    def body(self) -> bytes:
        return base64.b64decode(self.payload)

    @property
    def line(self) -> bytes:
        return self.model_dump_json().encode()


def seal(body: bytes, signer: Signer | None) -> Envelope:
    """Put `body` into an envelope, signed when there is a signer."""
    payload = _base64(body)
    if signer is None:
        return Envelope(payload=payload)
    signature = Signature(keyid=signer.keyid, sig=_base64(signer.sign(pre_authentication_encoding(body))))
    return Envelope(payload=payload, signatures=(signature,))


def opened(line: bytes) -> Envelope | None:
    """Read an envelope; None when the line is not exactly what `Envelope.line` writes."""
    try:
        envelope = Envelope.model_validate_json(line)
        texts = (envelope.payload, *(each.sig for each in envelope.signatures))
        whole = all(_base64(base64.b64decode(text, validate=True)) == text for text in texts)
    except ValueError:  # ValidationError and binascii.Error are
        return None
    return envelope if whole and envelope.line == line else None


def complaint(envelope: Envelope, trusted: Sequence[PublicKey]) -> str:
    """Why its signatures prove nothing; empty when every one is valid and made with a trusted key.

    The key id only selects the key to try: DSSE allows no other use of it.
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
    """DSSE's PAE, version 1: the bytes that are signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(body), body)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
