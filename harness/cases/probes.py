"""What every handler must survive: an empty body, and random bytes or text, sent as a good case is sent.

Owns what they are. May not judge how they were refused.
"""

from __future__ import annotations

import string
from pathlib import Path

import numpy as np

from harness.cases.case import Case
from harness.cases.clips import open_file

_RANDOM_BYTES = 4096
_SEED = 14
_UTF8_TYPES = ("application/json", "text/csv")


def of_probes(folder: Path, like: Case | None) -> tuple[Case, Case]:
    """The two, with type, Accept and attributes of the good case `like`, written to `folder`.

    JSON and CSV are text: the toolkit decodes them before the handler is asked, so what is no UTF-8 would try the
    toolkit and not the handler (`UTF8_TYPES` in content_types.py of sagemaker-inference).
    """
    random = np.random.default_rng(_SEED)
    if like and is_text(like.clip.content_type):
        name, noise = "random text", "".join(random.choice(list(string.printable), _RANDOM_BYTES)).encode()
    else:
        name, noise = "random bytes", random.bytes(_RANDOM_BYTES)
    return _probe(folder, "empty body", b"", like), _probe(folder, name, noise, like)


def is_text(content_type: str) -> bool:
    """Whether the toolkit hands a body of this type to the handler as text."""
    return content_type in _UTF8_TYPES


def _probe(folder: Path, name: str, body: bytes, like: Case | None) -> Case:
    suffix = like.clip.path.suffix if like else ""
    path = folder / f"{name.replace(' ', '-')}{suffix}"
    path.write_bytes(body)
    content_type = like.clip.content_type if like else None
    accept, attributes = (like.accept, like.custom_attributes) if like else (None, "")
    clip = open_file(path, content_type)
    return Case(name, "bad_input", clip, expects="either", accept=accept, custom_attributes=attributes)
