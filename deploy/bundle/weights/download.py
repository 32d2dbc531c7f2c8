"""Downloads torchvision's COCO weights once into the cache, and checks them against the digest in their own name.

The file is the one that torchvision names in MaskRCNN_ResNet50_FPN_Weights.COCO_V1. May not: import torch.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import httpx

from deploy.core.digests import digest_of_file
from deploy.core.errors import DeployError

COCO_URL = "https://download.pytorch.org/models/maskrcnn_resnet50_fpn_coco-bf2d0c1e.pth"
COCO_ARCHITECTURE = "maskrcnn_resnet50_fpn"
_CHUNK_BYTES = 1 << 20

# Called with the bytes so far and, where the server sent a Content-Length, the bytes in all.
OnProgress = Callable[[int, int | None], None]


def coco_weights(
    cache_dir: Path, *, url: str = COCO_URL, on_progress: OnProgress | None = None, client: httpx.Client | None = None
) -> Path:
    """The path of the cached weights, downloaded at the first call. Raises DeployError when that fails."""
    cached = cache_dir / url.rsplit("/", 1)[-1]
    if cached.exists():
        _check_digest(cached)
        return cached
    cache_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=cache_dir, prefix=cached.name, suffix=".part", delete=False) as temporary:
        part = Path(temporary.name)
    try:
        _fetch(url, part, on_progress, client or httpx.Client(follow_redirects=True, timeout=30.0))
        _check_digest(part, name=cached.name)
        part.replace(cached)
    except httpx.HTTPError as error:
        raise DeployError(
            f"{url} could not be downloaded: {str(error) or type(error).__name__}. Offline, put the "
            f"file at {cached}, or use weights of your own with --weights FILE"
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return cached


def _fetch(url: str, part: Path, on_progress: OnProgress | None, client: httpx.Client) -> None:
    with client, client.stream("GET", url) as response, part.open("wb") as file:
        response.raise_for_status()
        length = response.headers.get("content-length")
        done = 0
        for chunk in response.iter_bytes(_CHUNK_BYTES):
            file.write(chunk)
            done += len(chunk)
            if on_progress:
                on_progress(done, int(length) if length else None)


def _check_digest(path: Path, *, name: str | None = None) -> None:
    """Check by torch.hub's convention for names: `<stem>-<first hex digits of the sha256>.pth`."""
    match = re.search(r"-([a-f0-9]{8,})\.", name or path.name)
    expected = match[1] if match else ""
    found = digest_of_file(path)
    if not found.startswith(expected):
        raise DeployError(
            f"{path} has the sha256 {found[:16]}..., its name promises {expected}...: "
            "the download is damaged or was replaced. Delete the file and run again"
        )
