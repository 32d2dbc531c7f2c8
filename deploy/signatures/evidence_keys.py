"""Which key signs evidence, and whose evidence is trusted.

The project's key signs where it can be opened, such as in CI; elsewhere this machine's key does. Trusted are the
public keys that the project names, its own key, and this machine's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from deploy.core.errors import ConfigurationError
from deploy.core.settings import Settings
from deploy.signatures import keys
from deploy.signatures.keys import PublicKey, Signer
from deploy.signatures.machine_key import machine_public_key, machine_signer


@dataclass(frozen=True)
class EvidenceKeys:
    """`signing_key` and `public_keys` are those of [release]; `settings` name this machine's key and the passphrase."""

    signing_key: Path | None
    public_keys: Sequence[Path]
    settings: Settings

    def signer(self) -> Signer:
        """Raises DeployError or ConfigurationError when there is neither key, and none can be made."""
        return self._projects() or machine_signer(self.settings.machine_key)

    def trusted(self) -> tuple[PublicKey, ...]:
        """Raises ConfigurationError for a file that is no key."""
        return tuple(self._trusted())

    def _trusted(self) -> Iterator[PublicKey]:
        yield from (keys.public_key(path) for path in self.public_keys)
        own, machine = self._projects(), machine_public_key(self.settings.machine_key)
        if own is not None and self.signing_key is not None:
            yield own.public(self.signing_key)
        if machine is not None:
            yield machine

    def _projects(self) -> Signer | None:
        """None where the key is not, or its passphrase: a key of a project is in few places."""
        if self.signing_key is None:
            return None
        with suppress(ConfigurationError):
            return keys.signer(self.signing_key, self.settings.signing_passphrase)
        return None
