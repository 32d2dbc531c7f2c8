from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from harness.report.drawing.clip import CasePictures, busiest_window, drawn, frames_at, spread
from harness.report.drawing.colours import Palette
from harness.report.drawing.pictures import Detection, Frame, FrameDetections
from tests.handler.clips import INTERLACED, ORIENTATIONS, ClipMaker, damaged, reference_pixels, with_matrix
from tests.harness.report.examples import clip, pictures


def found(index: int, count: int = 1, score: float = 0.9) -> FrameDetections:
    return FrameDetections(index, index / 10, tuple(Detection((0, 0, 9, 9), "x", score) for _ in range(count)))


def test_the_frames_asked_for_are_those_decoded(tmp_path: Path) -> None:
    got = list(frames_at(clip(tmp_path), {3, 11, 19}))
    assert [index for index, _ in got] == [3, 11, 19]
    for index, image in got:
        assert abs(float(image.mean()) - 4 * index) < 3


def test_frames_past_the_end_are_simply_not_there(tmp_path: Path) -> None:
    assert [index for index, _ in frames_at(clip(tmp_path, frame_count=5), {4, 5, 100})] == [4]


def test_colours_come_out_as_rgb(tmp_path: Path) -> None:
    blue_in_bgr = np.zeros((8, 8, 3), dtype=np.uint8)
    blue_in_bgr[..., 0] = 255
    cv2.imwrite(str(tmp_path / "blue.png"), blue_in_bgr)
    ((index, image),) = frames_at(tmp_path / "blue.png", {0, 1})
    assert index == 0
    assert image[0, 0].tolist() == [0, 0, 255]


def test_an_array_of_frames_is_media_too(tmp_path: Path) -> None:
    np.save(tmp_path / "frames.npy", np.stack([np.full((4, 6, 3), level, dtype=np.uint8) for level in (1, 2, 3)]))
    assert [int(image[0, 0, 0]) for _, image in frames_at(tmp_path / "frames.npy", {2, 0, 7})] == [1, 3]


@pytest.mark.parametrize("name", ["absent.mp4", "absent.png", "absent.npy", "text.mp4", "text.png", "text.npy"])
def test_media_that_cannot_be_read_gives_no_pictures(tmp_path: Path, name: str) -> None:
    if name.startswith("text"):
        (tmp_path / name).write_text("not media")
    assert list(frames_at(tmp_path / name, {0})) == []


def test_small_sources_grow_twofold_at_most_and_boxes_grow_along(tmp_path: Path) -> None:
    material = pictures("case", clip(tmp_path, width=160, height=96))
    (frame,) = drawn(material, material.frames[:1], Palette.of(["red circle"]), width=480)
    assert frame.image.shape == (192, 320, 3)
    assert tuple(frame.image[100, 20]) == Palette.of(["red circle"])["red circle"]
    assert frame.labels == ("red circle",)


def test_large_sources_shrink_to_the_width(tmp_path: Path) -> None:
    material = pictures("case", clip(tmp_path, width=640, height=360))
    (frame,) = drawn(material, material.frames[:1], Palette(), width=320)
    assert frame.image.shape == (180, 320, 3)


class TestChoosingFrames:
    def test_stills_are_spread_over_the_whole_clip(self) -> None:
        chosen = spread([found(index) for index in range(100)], 4, 0.5)
        assert [frame.frame_index for frame in chosen] == [12, 37, 62, 87]

    def test_frames_with_something_to_see_are_preferred(self) -> None:
        frames = [found(index, count=int(index in (7, 30))) for index in range(50)]
        assert [frame.frame_index for frame in spread(frames, 4, 0.5)] == [7, 30]

    def test_an_empty_clip_still_shows_frames(self) -> None:
        assert len(spread([found(index, count=0) for index in range(50)], 4, 0.5)) == 4

    def test_the_window_is_where_most_was_found(self) -> None:
        frames = [found(index, count=3 if 40 <= index < 50 else 1) for index in range(100)]
        window = busiest_window(frames, 10, 0.5)
        assert [frame.frame_index for frame in window] == list(range(40, 50))

    def test_detections_below_the_threshold_do_not_count(self) -> None:
        material = CasePictures("case", Path("clip.mp4"), (found(0, score=0.3),), threshold=0.5)
        assert material.labels() == frozenset()


def test_boxes_in_pixels_of_another_shape_are_drawn_on_that_shape(tmp_path: Path) -> None:
    """A stored picture of 160 x 160 that was seen as 320 x 160: the box of its white half begins in the middle."""
    picture = np.zeros((160, 160, 3), np.uint8)
    picture[:, 80:] = 255
    Image.fromarray(picture).save(tmp_path / "half.png")
    frame = FrameDetections(0, 0.0, (Detection((160, 20, 300, 140), "x", 0.9),))
    material = CasePictures("case", tmp_path / "half.png", (frame,), size=(320, 160))
    (drawing,) = drawn(material, material.frames, Palette.of(["x"]), width=320)
    assert drawing.image.shape == (160, 320, 3)
    assert tuple(drawing.image[80, 160]) == Palette.of(["x"])["x"]
    assert drawing.image[80, 150].max() < 40
    assert drawing.image[80, 200].min() > 200


def distance(one: Frame, other: Frame) -> float:
    """In brightness, from 0 to 255: two fields' colours may be scaled apart, or together."""
    weights = np.array([0.299, 0.587, 0.114])
    return float(np.abs(one @ weights - other @ weights).mean())


def assert_ffmpegs(path: Path, original: Path, indices: list[int]) -> None:
    """Pictures as the ffmpeg program shows those of `original`, and not their neighbours."""
    truth = reference_pixels(original)
    got = dict(frames_at(path, indices))
    assert list(got) == indices
    seen = set(range(len(truth)))
    for index, image in got.items():
        assert image.shape == truth[index].shape
        neighbours = {index - 1, index + 1} & seen
        assert distance(image, truth[index]) < 1.5
        assert all(distance(image, truth[other]) > 2.5 for other in neighbours)


@pytest.mark.parametrize("name", ["fields-h264.mp4", "fields-mpeg2.ts"])
def test_interlaced_pictures_are_drawn_as_filmed(clips: ClipMaker, name: str) -> None:
    pattern = ("-f", "lavfi", "-i", "testsrc2=size=160x128:rate=25:duration=2")
    path = clips.made(name, *pattern, *INTERLACED[name].split())
    assert_ffmpegs(path, path, [0, 7, 49])


def test_pictures_after_one_that_cannot_be_decoded_keep_their_places(clips: ClipMaker) -> None:
    whole = clips.whole("mjpeg.avi")
    path = clips.folder / "drawn-damaged.avi"
    path.write_bytes(damaged(whole, [30]))
    assert [index for index, _ in frames_at(path, {29, 30, 31})] == [29, 31]
    assert_ffmpegs(path, whole, [29, 31, 49])


@pytest.mark.parametrize("matrix", ORIENTATIONS)
def test_pictures_are_turned_and_mirrored_as_shown(clips: ClipMaker, matrix: tuple[float, float, float, float]) -> None:
    path = with_matrix(clips.whole("h264.mp4"), clips.folder / f"drawn-{'_'.join(map(str, matrix))}.mp4", matrix)
    assert_ffmpegs(path, path, [0, 20])


@pytest.mark.parametrize("name", ["b-frames.mp4", "vp8.webm", "mpeg4.avi", "late.mp4"])
def test_pictures_that_are_decoded_in_another_order_are_drawn_at_their_places(clips: ClipMaker, name: str) -> None:
    assert_ffmpegs(clips.whole(name), clips.whole(name), [3, 4, 49])


def test_pictures_of_a_stream_without_times_are_counted(clips: ClipMaker) -> None:
    path = clips.made("drawn.h264", "-i", str(clips.whole("b-frames.mp4")), "-c", "copy")
    assert_ffmpegs(path, clips.whole("b-frames.mp4"), [0, 25, 49])


def test_a_jpeg_is_drawn_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (8, 4)).save(tmp_path / "side.jpg", exif=exif)
    ((_, image),) = frames_at(tmp_path / "side.jpg", {0})
    assert image.shape == (8, 4, 3)
