"""Model archives with any members, as strangers pack them."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

GOOD: Mapping[str, bytes] = {"model.pth": b"weights", "code/inference.py": b"def model_fn(model_dir): ...\n"}


def packed(path: Path, files: Mapping[str, bytes] = GOOD, others: Sequence[tarfile.TarInfo] = ()) -> Path:
    """A gzipped tar archive of `files`, then `others`: members without content."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for member in others:
            tar.addfile(member)
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def unpacked(folder: Path, files: Mapping[str, bytes] = GOOD) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder
