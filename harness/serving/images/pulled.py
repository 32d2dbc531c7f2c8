"""What `harness image pull` was given by AWS's registry, kept beside this machine's key.

A name and a digest beside an image are the engine's word, and every user of the engine can give any image any name.
So an image counts as official only by a digest that the registry itself named here.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deploy.core import settings
from deploy.core.files import PRIVATE, private_folder, write_text

_SCHEMA = "rehearsal.pulled-images/1"


def remember(reference: str, digest: str) -> None:
    """Keep that the registry gave `digest` for `reference`. Raises DeployError when the disk refuses."""
    known = [each for each in _known() if each["digest"] != digest]
    known.append({"reference": reference, "digest": digest, "pulled": datetime.now(UTC).isoformat(timespec="seconds")})
    private_folder(_path().parent)
    write_text(_path(), json.dumps({"schema": _SCHEMA, "images": known}, indent=1), PRIVATE)


def was_given(digest: str) -> bool:
    return any(each["digest"] == digest for each in _known())


def _known() -> list[dict[str, str]]:
    """Nothing where the file is not as this version writes it: the images are pulled again then."""
    try:
        document: Any = json.loads(_path().read_bytes())
        return list(document["images"]) if document["schema"] == _SCHEMA else []
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _path() -> Path:
    return settings.read().machine_key.with_name("pulled-images.json")
