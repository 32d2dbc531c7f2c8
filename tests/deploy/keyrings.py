"""Keys of both kinds, made once."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from deploy.signatures import keys
from deploy.signatures.dsse import Envelope, seal
from deploy.signatures.keys import PublicKey, Signer

KEYS = ("ed25519", "p256")


def private_pem(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key: PrivateKeyTypes) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class Ring:
    """A pair a kind, loaded from files as the command line loads them."""

    def __init__(self) -> None:
        made: dict[str, PrivateKeyTypes] = {
            "ed25519": ed25519.Ed25519PrivateKey.generate(),
            "p256": ec.generate_private_key(ec.SECP256R1()),
        }
        with tempfile.TemporaryDirectory() as folder:
            self._pairs = {kind: _loaded(Path(folder) / kind, key) for kind, key in made.items()}
        self._sealed: dict[tuple[str, bytes], Envelope] = {}

    @classmethod
    @cache
    def shared(cls) -> Ring:
        return cls()

    def pair(self, kind: str) -> tuple[Signer, PublicKey]:
        return self._pairs[kind]

    def sealed(self, kind: str, body: bytes) -> Envelope:
        """The same every time, although ECDSA signs differently every time."""
        return self._sealed.setdefault((kind, body), seal(body, self.pair(kind)[0]))


def _loaded(path: Path, key: PrivateKeyTypes) -> tuple[Signer, PublicKey]:
    path.write_bytes(private_pem(key))
    beside = path.with_suffix(".pub")
    beside.write_bytes(public_pem(key))
    return keys.signer(path, None), keys.public_key(beside)
