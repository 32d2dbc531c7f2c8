"""Signs the evidence of a run where it was made. Without any key the report is kept, and said to be unsigned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.config import Project
from deploy.core import settings
from deploy.core.errors import DeployError
from deploy.evidence import attestation
from deploy.signatures.evidence_keys import EvidenceKeys


def sign(paths: Sequence[Path], project: Project, say: Callable[[str], None]) -> None:
    release = project.release
    try:
        signer = EvidenceKeys(release.signing_key, release.public_keys, settings.read()).signer()
    except DeployError as error:
        say(f"the evidence is not signed, so it can be promoted to a local target alone: {error}")
        attestation.remove(paths)
        return
    for path in paths:
        attestation.attest(path, signer)
