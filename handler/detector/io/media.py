"""Makes a `Clip` of a request's body, by its content type.

Owns: which content types are accepted. The formats themselves are in `video`, `images` and `npy`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from detector.core.errors import EmptyMedia, UnsupportedType
from detector.core.frames import Clip
from detector.io import images, npy, video
from detector.io.pictures import jpeg

Body = bytes | bytearray
Opener = Callable[[Body, int], AbstractContextManager[Clip]]

ACCEPTED = "video/*, application/octet-stream, image/jpeg, image/png, application/x-npy, application/mxf"
# S3 calls an object that was uploaded without a type binary/octet-stream, and SageMaker passes the object's type on.
_BYTES_TYPES = ("application/octet-stream", "binary/octet-stream")
# What the tables of machines, and so other uploaders, call .mxf, .ogv, .ts, .mts, .3gp and .3g2.
_VIDEO_TYPES = (
    "application/mxf",
    "application/ogg",
    "text/vnd.trolltech.linguist",
    "model/vnd.mts",
    "audio/3gpp",
    "audio/3gpp2",
)
_OPENERS: dict[str, Opener] = {
    "image/jpeg": images.open_image,
    "image/jpg": images.open_image,
    "image/png": images.open_image,
    "application/x-npy": npy.open_npy,
}
_SIGNATURES: dict[bytes, Opener] = {
    b"\x93NUMPY": npy.open_npy,
    b"\x89PNG\r\n\x1a\n": images.open_image,
    b"\xff\xd8\xff": images.open_image,  # whatever marker is the first: JFIF, Exif, ICC, Adobe, a comment, a table
}


def open_clip(
    body: Body,
    content_type: str | None,
    frame_interval: int,
    failed_percent: float = 5.0,
    *,
    as_planes: bool = False,
    keeps_damaged: bool = False,
    square_pixels: bool = False,
) -> AbstractContextManager[Clip]:
    """The clip in `body`, with every `frame_interval`-th frame; closing it frees what decoding took.

    Of a video, `failed_percent` of the packets may fail to decode, and the clip's `warnings` say which did; with
    `keeps_damaged` they name the frames that depend on those, too, which are left out otherwise. With `square_pixels`
    a video has the size in which it is shown. With `as_planes`, its frames are the decoder's own planes wherever they
    can be converted elsewhere as here.

    Plain bytes, or no content type at all, are a video unless they begin like a PNG or npy file, or like a JPEG that no
    other one follows.
    Raises UnsupportedType, EmptyMedia, UnreadableMedia or TruncatedMedia, some of them only while frames are read.
    """
    opener = _opener(body, content_type)
    if not body:
        raise EmptyMedia("the body is empty (0 bytes); check that the upload had ended before the endpoint was invoked")
    if opener is video.open_video:
        return video.open_video(
            body,
            frame_interval,
            failed_percent,
            as_planes=as_planes,
            keeps_damaged=keeps_damaged,
            square_pixels=square_pixels,
        )
    return opener(body, frame_interval)


def _opener(body: Body, content_type: str | None) -> Opener:
    essence = (content_type or _BYTES_TYPES[0]).partition(";")[0].strip().lower()
    if essence in _BYTES_TYPES:
        found = next((opener for start, opener in _SIGNATURES.items() if body.startswith(start)), video.open_video)
        return video.open_video if found is images.open_image and jpeg.is_stream(body) else found
    if essence.startswith("video/") or essence in _VIDEO_TYPES:
        return video.open_video
    if essence not in _OPENERS:
        raise UnsupportedType(f"content type {content_type!r} is not accepted; send one of {ACCEPTED}")
    return _OPENERS[essence]
