"""COCO weights: fetched once, checked always, and a clear word when there is no network."""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx
import pytest

from deploy.bundle.weights.download import coco_weights
from deploy.core.errors import DeployError

DATA = b"weights" * 1000
URL = f"https://example.org/models/net-{hashlib.sha256(DATA).hexdigest()[:8]}.pth"


def server(*answers: httpx.Response | httpx.HTTPError) -> httpx.Client:
    remaining = list(answers)

    def answer(_: httpx.Request) -> httpx.Response:
        found = remaining.pop(0)
        if isinstance(found, httpx.HTTPError):
            raise found
        return found

    return httpx.Client(transport=httpx.MockTransport(answer))


def test_weights_are_downloaded_once_and_then_come_from_the_cache(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    client = server(httpx.Response(200, content=DATA))
    first = coco_weights(tmp_path, url=URL, client=client, on_progress=lambda done, total: seen.append((done, total)))
    assert first.read_bytes() == DATA
    assert seen[-1] == (len(DATA), len(DATA))
    assert coco_weights(tmp_path, url=URL, client=server()) == first


def test_a_download_with_another_digest_is_refused_and_not_kept(tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="its name promises"):
        coco_weights(tmp_path, url=URL, client=server(httpx.Response(200, content=b"tampered")))
    assert list(tmp_path.iterdir()) == []


def test_a_cached_file_that_was_damaged_is_refused(tmp_path: Path) -> None:
    (tmp_path / URL.rsplit("/", 1)[-1]).write_bytes(b"half")
    with pytest.raises(DeployError, match="Delete the file and run again"):
        coco_weights(tmp_path, url=URL, client=server())


@pytest.mark.parametrize("answer", [httpx.ConnectError("no route to host"), httpx.Response(404), httpx.ReadTimeout("")])
def test_without_a_network_it_says_where_to_put_the_file(
    tmp_path: Path, answer: httpx.Response | httpx.HTTPError
) -> None:
    with pytest.raises(DeployError, match=r"put the file at .*or use weights of your own"):
        coco_weights(tmp_path, url=URL, client=server(answer))
    assert list(tmp_path.iterdir()) == []
