from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from harness.report.drawing import gif
from harness.report.drawing.clip import DrawnFrame


def noise(index: int, pts_seconds: float, size: tuple[int, int] = (120, 200)) -> DrawnFrame:
    pixels = np.random.default_rng(index).integers(0, 255, (*size, 3), dtype=np.uint8)
    return DrawnFrame(index, pts_seconds, pixels, ())


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def durations(data: bytes) -> list[int]:
    image = opened(data)
    found = []
    for position in range(getattr(image, "n_frames", 1)):
        image.seek(position)
        found.append(int(image.info["duration"]))
    return found


def test_every_frame_is_there_at_its_size_and_loops_for_ever() -> None:
    data = gif.encode([noise(index, index / 5) for index in range(7)])
    assert len(durations(data)) == 7
    assert opened(data).size == (200, 120)
    assert opened(data).info["loop"] == 0


def test_frames_last_until_the_next_time_stamp() -> None:
    data = gif.encode([noise(index, pts) for index, pts in enumerate([0.0, 0.1, 0.4, 0.5])])
    assert durations(data) == [100, 300, 100, 100]


def test_rounding_does_not_add_up_over_a_clip() -> None:
    pts = [index / 29.97 for index in range(60)]
    assert sum(gif.durations_milliseconds(pts)[:-1]) == pytest.approx(1000 * pts[-1], abs=10)


def test_no_frame_is_shorter_than_viewers_can_show() -> None:
    assert min(gif.durations_milliseconds([0.0, 0.001, 0.001, 1.0])) == 20


def test_a_lone_frame_stays_a_second() -> None:
    assert gif.durations_milliseconds([3.2]) == [1000]


def test_a_gif_too_large_is_shrunk_until_it_fits() -> None:
    frames = [noise(index, index / 5, size=(240, 400)) for index in range(10)]
    whole = gif.encode(frames)
    bounded = gif.encode(frames, max_bytes=len(whole) // 2)
    assert len(bounded) <= len(whole) // 2
    assert len(durations(bounded)) == 10
    assert opened(bounded).size[0] < 400
