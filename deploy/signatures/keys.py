"""Reads the keys that sign releases and the keys that are trusted: Ed25519 or ECDSA P-256, in PEM files.

A key's id is the sha256 of its public half as DER SubjectPublicKeyInfo. An ECDSA signature is over SHA-256, in DER.
No private key is printed, or put into an error. `cryptography` is imported only when a key is used, so that it does not
slow the start of the command line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeGuard

from deploy.core.errors import ConfigurationError
from deploy.core.settings import SIGNING_PASSPHRASE

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    PrivateHalf = Ed25519PrivateKey | EllipticCurvePrivateKey
    PublicHalf = Ed25519PublicKey | EllipticCurvePublicKey

_SHOWN_DIGITS = 12
_NEEDED = "Needed is Ed25519 or ECDSA P-256; `deploy keygen FILE` makes one"


@dataclass(frozen=True)
class Signer:
    keyid: str
    _key: PrivateHalf = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(message)
        return self._key.sign(message, _ecdsa())


@dataclass(frozen=True)
class PublicKey:
    path: Path
    keyid: str
    _key: PublicHalf = field(repr=False)

    def fits(self, signature: bytes, message: bytes) -> bool:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            if isinstance(self._key, Ed25519PublicKey):
                self._key.verify(signature, message)
            else:
                self._key.verify(signature, message, _ecdsa())
        except InvalidSignature:
            return False
        return True


def signer(path: Path, passphrase: str | None) -> Signer:
    """Read the private key in `path`. Raises ConfigurationError when there is none that can sign."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    pem = _read(path, "release.signing_key")
    encrypted = b"ENCRYPTED" in pem
    if encrypted and not passphrase:
        raise ConfigurationError(f"{path} is encrypted: set {SIGNING_PASSPHRASE} to its passphrase")
    try:
        key = load_pem_private_key(pem, passphrase.encode() if encrypted and passphrase else None)
    except (ValueError, TypeError) as error:
        why = f"the passphrase in {SIGNING_PASSPHRASE} does not open it" if encrypted else "is no private key in PEM"
        raise ConfigurationError(f"{path}: {why}. {_NEEDED}") from error
    if not _can_sign(key):
        raise ConfigurationError(f"{path} holds a key of another kind. {_NEEDED}")
    return Signer(keyid_of(key.public_key()), key)


def public_key(path: Path) -> PublicKey:
    """Read the public key in `path`. Raises ConfigurationError when there is none that can verify."""
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    pem = _read(path, "release.public_keys")
    if b"PRIVATE" in pem:
        raise ConfigurationError(f"{path} is a private key: release.public_keys names public halves, such as FILE.pub")
    try:
        key = load_pem_public_key(pem)
    except ValueError as error:
        raise ConfigurationError(f"{path} is no public key in PEM. {_NEEDED}") from error
    if not _can_verify(key):
        raise ConfigurationError(f"{path} holds a key of another kind. {_NEEDED}")
    return PublicKey(path, keyid_of(key), key)


def require_trusted(found: Signer | None, trusted: Sequence[PublicKey]) -> None:
    """Raises ConfigurationError when trusted keys would not accept this signer's releases, for verify and rollback."""
    if not trusted or (found is not None and found.keyid in {key.keyid for key in trusted}):
        return
    what = "release.signing_key is missing" if found is None else f"release.signing_key is {shown(found.keyid)}"
    raise ConfigurationError(
        f"release.public_keys trusts {', '.join(shown(key.keyid) for key in trusted)}, and {what}: what is promoted "
        "now could never be verified, nor gone back to. Sign with a key whose public half is trusted"
    )


def keyid_of(key: PublicHalf) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def shown(keyid: str) -> str:
    return keyid[:_SHOWN_DIGITS]


def _read(path: Path, setting: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{path}, named by {setting}, cannot be read: {error.strerror}. `deploy keygen FILE` makes a key"
        ) from error


def _can_sign(key: object) -> TypeGuard[PrivateHalf]:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    if isinstance(key, ec.EllipticCurvePrivateKey):
        return isinstance(key.curve, ec.SECP256R1)
    return isinstance(key, ed25519.Ed25519PrivateKey)


def _can_verify(key: object) -> TypeGuard[PublicHalf]:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    if isinstance(key, ec.EllipticCurvePublicKey):
        return isinstance(key.curve, ec.SECP256R1)
    return isinstance(key, ed25519.Ed25519PublicKey)


def _ecdsa() -> ECDSA:
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.hashes import SHA256

    return ECDSA(SHA256())
