"""This machine's own key, made when it is first needed: it signs evidence where a project has no key, or not here.

It proves that evidence was made by this user on this machine, and has not been edited since; others trust it where
they name its public half. Never overwritten, never printed, and readable by its owner alone.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

from deploy.core.errors import DeployError
from deploy.core.files import private_folder
from deploy.core.settings import MACHINE_KEY
from deploy.signatures import keys
from deploy.signatures.keygen import new_pem
from deploy.signatures.keys import PublicKey, Signer

_NAMED_BY: Final = f"{MACHINE_KEY}, XDG_CONFIG_HOME or the home folder"


def machine_signer(path: Path) -> Signer:
    """Read the key at `path`, or make it.

    Raises DeployError where none can be kept, ConfigurationError if it is none.
    """
    if not path.exists():
        _make(path)
    return keys.signer(path, None, named_by=_NAMED_BY)


def machine_public_key(path: Path) -> PublicKey | None:
    """Its public half; None before it was first used. Raises ConfigurationError if it is no key."""
    return keys.signer(path, None, named_by=_NAMED_BY).public(path) if path.exists() else None


def _make(path: Path) -> None:
    """Whole or not at all, and once: of several processes that make it, all read the first one's."""
    try:
        private_folder(path.parent)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as file:
            file.write(new_pem())
            file.flush()
            os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(file.name, path)
    except OSError as error:
        raise DeployError(
            f"{path}: this machine's key cannot be kept ({error.strerror}), and evidence is signed with it. Make the "
            f"folder writable, or name another file in {MACHINE_KEY}"
        ) from error
