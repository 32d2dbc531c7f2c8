"""What every handler must survive: an empty body and random bytes, sent as a good case is sent.

Owns what they are. May not judge how they were refused.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.cases.case import Case
from harness.cases.clips import open_file

_RANDOM_BYTES = 4096
_SEED = 14


def of_probes(folder: Path, like: Case | None) -> tuple[Case, Case]:
    """The two, with type, Accept and attributes of the good case `like`, written to `folder`."""
    random = np.random.default_rng(_SEED).bytes(_RANDOM_BYTES)
    return _probe(folder, "empty body", b"", like), _probe(folder, "random bytes", random, like)


def _probe(folder: Path, name: str, body: bytes, like: Case | None) -> Case:
    suffix = like.clip.path.suffix if like else ""
    path = folder / f"{name.replace(' ', '-')}{suffix}"
    path.write_bytes(body)
    content_type = like.clip.content_type if like else None
    accept, attributes = (like.accept, like.custom_attributes) if like else (None, "")
    clip = open_file(path, content_type)
    return Case(name, "bad_input", clip, expects="either", accept=accept, custom_attributes=attributes)
