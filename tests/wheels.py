"""The smallest packages that pip takes, made in memory."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence


def file_name(name: str, version: str = "1.0", tag: str = "py3-none-any") -> str:
    return f"{name}-{version}-{tag}.whl"


def wheel(
    name: str,
    version: str = "1.0",
    tag: str = "py3-none-any",
    *,
    modules: Mapping[str, str] | None = None,
    requires: Sequence[str] = (),
) -> bytes:
    """`modules` maps file names to their texts; `requires` are lines of Requires-Dist."""
    info = f"{name}-{version}.dist-info"
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, text in (modules or {}).items():
            archive.writestr(path, text)
        archive.writestr(
            f"{info}/METADATA", "\n".join([*metadata, *(f"Requires-Dist: {each}" for each in requires), ""])
        )
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        archive.writestr(f"{info}/RECORD", "")
    return packed.getvalue()
