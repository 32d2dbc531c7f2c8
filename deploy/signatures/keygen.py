"""Makes a pair of keys for signed releases (`deploy keygen`). Never overwrites a key, and never prints one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from deploy.core.errors import ConfigurationError, DeployError
from deploy.signatures.keys import keyid_of


@dataclass(frozen=True)
class KeyPair:
    private: Path
    """The file in PKCS#8 PEM, readable by its owner only."""
    public: Path
    keyid: str
    encrypted: bool


def keygen(path: Path, passphrase: str | None) -> KeyPair:
    """Write an Ed25519 key to `path`, encrypted when there is a passphrase, and its public half to `path`.pub.

    Raises ConfigurationError when either file exists, DeployError when the disk refuses.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        BestAvailableEncryption,
        Encoding,
        KeySerializationEncryption,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    pair = path, path.with_name(f"{path.name}.pub")
    for each in pair:
        if each.exists():
            raise ConfigurationError(f"{each} exists, and a key that is overwritten is lost: name another file")
    key = Ed25519PrivateKey.generate()
    sealed: KeySerializationEncryption = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    _write_new(pair[0], key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, sealed), mode=0o600)
    _write_new(pair[1], key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), mode=0o644)
    return KeyPair(*pair, keyid_of(key.public_key()), encrypted=passphrase is not None)


def as_written_in(project_file: Path, path: Path) -> str:
    """Write `path` as the project file would: relative to the file's folder or the home folder when it is below one."""
    absolute, root, home = (Path(os.path.abspath(each)) for each in (path, project_file.parent, Path.home()))  # noqa: PTH100  # resolve() would follow links
    if absolute.is_relative_to(root):
        return absolute.relative_to(root).as_posix()
    if absolute.is_relative_to(home):
        return f"~/{absolute.relative_to(home).as_posix()}"
    return absolute.as_posix()


def _write_new(path: Path, data: bytes, *, mode: int) -> None:
    """Create the file with its mode, so that others cannot read it at any time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise DeployError(f"{path} could not be written: {error.strerror}. Name a place where you may write") from error
