"""What is around PyAV."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.cases.footage import container


class GrowingContainer:
    """A fake: ends as PyAV 18 does behind a stream that began midway, where uninitialised memory is not zero."""

    def demux(self) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(size=3)
        yield SimpleNamespace(size=0)
        yield SimpleNamespace(size=4)
        raise IndexError("list index out of range")


def test_pyavs_mistake_behind_the_last_packet_is_the_end() -> None:
    assert [packet.size for packet in container._packets(GrowingContainer())] == [3, 4]


def test_a_place_that_is_none_is_told_to_ffmpeg_and_not_raised() -> None:
    file = container._Seekable(io.BytesIO(b"0123"))
    assert [file.seek(2), file.seek(-5), file.tell(), file.seek(-1, 2)] == [2, -1, 2, 3]


def test_what_is_no_file_of_video_is_unread(tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(b"x" * 100)
    with pytest.raises(container.Unread), container.opened(path):
        pass
