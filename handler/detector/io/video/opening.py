"""Any video, as a clip of sampled frames: by PyAV where it is installed (`sampling`), else by OpenCV (`capture`).

Owns: the choice between the two, and the errors about a video that cannot be read. May not: keep a frame, or leave
anything behind: the body is reached through an anonymous file (`storage`).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from itertools import chain

from detector.core.errors import EmptyMedia, RequestError, TruncatedMedia, UnreadableMedia
from detector.core.frames import Clip, ClipWarning, Frame, squared_size
from detector.io.pictures import jpeg
from detector.io.video import capture, containers, decoder, sampling, storage, tracks
from detector.io.video.containers import RE_ENCODE, Container, Reach, Request, Unopened


@contextmanager
def open_video(
    body: bytes | bytearray,
    frame_interval: int,
    failed_percent: float = 5.0,
    *,
    as_planes: bool = False,
    keeps_damaged: bool = False,
    square_pixels: bool = False,
) -> Iterator[Clip]:
    """Raises UnreadableMedia, EmptyMedia or TruncatedMedia; a cut clip is refused before it is predicted on.

    Of the packets `failed_percent` may fail; with `keeps_damaged`, frames that depend on them are kept and named. With
    `square_pixels` the clip has the size in which it is shown where its pixels are not square. With `as_planes`, frames
    are a decoder's own planes wherever they can be converted elsewhere as here.
    """
    container = containers.recognised(body)
    if container is None and containers.is_text(body):
        raise UnreadableMedia(f"the body is a text, not a video; it begins with {bytes(body[:32])!r}")
    tracks.refuse_encrypted(body)
    if container and container.family == "JPEG" and not jpeg.ends_whole(body):
        raise TruncatedMedia(f"the stream of JPEG pictures is cut: the last of them has no end in {len(body)} bytes")
    with storage.named(body) as path:
        if container and container.missing_bytes(body):
            _refuse_cut(path, body, container)
        torn_at = containers.torn_at(body)
        if torn_at is not None:
            raise UnreadableMedia(
                f"this Matroska file is damaged at byte {torn_at} of {len(body)}: frames are missing there, and how "
                "many cannot be known. Upload the whole file"
            )
        request = Request(path, frame_interval, failed_percent, as_planes, keeps_damaged)
        with closing(_sampled(request)) as frames:
            try:
                first = next(frames, None)
            except Unopened as error:
                raise _unopened(body, container) from error
            if first is None:
                raise _without_frames(_reach(path))
            yield _clip(first, frames, request, square_pixels=square_pixels)


def _sampled(request: Request) -> Generator[Frame, None, None]:
    return sampling.sampled(request) if decoder.av else capture.sampled(request)


def _reach(path: str) -> Reach:
    return sampling.reach(path) if decoder.av else capture.reach(path)


def _clip(first: Frame, rest: Iterator[Frame], request: Request, *, square_pixels: bool) -> Clip:
    """The size of the pictures is known from the first one only: they are turned when pixels are made."""
    width, height = first.size
    shown = squared_size(width, height, first.pixel_aspect)
    if shown != (width, height) and not square_pixels:
        request.warnings.append(_not_square(width, height, shown))
    elif shown != (width, height):
        width, height = shown
    return Clip(width, height, chain([first], rest), request.warnings)


def _not_square(width: int, height: int, shown: tuple[int, int]) -> ClipWarning:
    return ClipWarning(
        "non_square_pixels",
        f"the pixels are not square: the clip is stored as {width} x {height} and shown as {shown[0]} x {shown[1]}. "
        "The network sees it, and boxes and masks are, as it is stored; with square_pixels=true, as it is shown",
    )


def _refuse_cut(path: str, body: bytes | bytearray, container: Container) -> None:
    """Raise TruncatedMedia, unless every frame that the container declares can be read all the same."""
    reach = _reach(path)
    declared = reach.declared_count
    if declared and reach.frame_count >= declared and not container.is_fragmented:
        return
    of_all = f" of about {declared}" if declared else ""
    readable = (
        f"{reach.frame_count} frames{of_all}, to {reach.last_seconds:.2f} s," if reach.frame_count else "no frame"
    )
    raise TruncatedMedia(
        f"the clip is cut: this {container.family} file declares at least {container.declared_bytes} bytes and "
        f"{len(body)} arrived; {readable} can be read. Upload the whole file"
    )


def _unopened(body: bytes | bytearray, container: Container | None) -> RequestError:
    if container is None:
        return UnreadableMedia(
            f"the body of {len(body)} bytes is no video container known here; it begins with {bytes(body[:8])!r}"
        )
    if container.lacks_index:
        return TruncatedMedia(
            f"this {container.family} file has no index (its 'moov' box, often at the end): the recording was not "
            f"finished, or its end is missing after {len(body)} bytes. No frame can be read; upload the whole file"
        )
    return UnreadableMedia(
        f"this {container.family} file holds no video stream that can be decoded here: it is sound only, or no video "
        f"at all, or its codec is unknown; {RE_ENCODE}"
    )


def _without_frames(reach: Reach) -> RequestError:
    declared = reach.declared_count
    if declared is None:
        return EmptyMedia("the video holds no frames; record or export it again")
    return UnreadableMedia(f"none of the {declared} frames that the video declares can be decoded; {RE_ENCODE}")
