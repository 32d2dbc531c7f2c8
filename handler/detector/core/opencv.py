"""Imports OpenCV after its environment is set: it logs nothing, and opens nothing but the given bytes.

Owns: what OpenCV and its FFmpeg read from the environment (they do so at import and at each open).
Everything else in this package imports `cv2` from here.

FFmpeg also has demuxers for texts that *name* media: HLS and DASH playlists, SDP, and `ffconcat`, which opens other
files of this machine. So the demuxers are listed, and only files may be read. The options' syntax is that of OpenCV's
videoio/src/cap_ffmpeg_impl.hpp: `key;value|key;value`.
"""

from __future__ import annotations

import os

_CAPTURE_OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"
_DEMUXERS = (
    "mov,mp4,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,gif,mxf,gxf,ivf,rm,nut,swf,dv,wtv,"
    "yuv4mpegpipe,h264,hevc,vvc,av1,obu,m4v,mjpeg,vc1"
)


def _with_open_options(given: str) -> str:
    """What is given to OpenCV's FFmpeg, with ours: a setting of the container's must not let playlists in."""
    pairs = [pair for pair in given.split("|") if pair and pair.partition(";")[0].strip() not in OPEN_OPTIONS]
    return "|".join([*pairs, *(f"{key};{value}" for key, value in OPEN_OPTIONS.items())])


# OpenCV and PyAV pass these options to FFmpeg at every open.
OPEN_OPTIONS = {"format_whitelist": _DEMUXERS, "protocol_whitelist": "file"}

for _name, _value in {
    "OPENCV_LOG_LEVEL": "SILENT",
    "OPENCV_FFMPEG_LOGLEVEL": "-8",
    # By default OpenCV ends a clip at a pause of the picture beside 4096 packets of sound.
    "OPENCV_FFMPEG_READ_ATTEMPTS": str(1 << 30),
    "OPENCV_IO_MAX_IMAGE_PIXELS": str(1 << 26),
}.items():
    os.environ.setdefault(_name, _value)
os.environ[_CAPTURE_OPTIONS] = _with_open_options(os.environ.get(_CAPTURE_OPTIONS, ""))

import cv2  # noqa: E402  the environment above must come first

# A frame or picture of more than 8192 x 8192 pixels is refused before its 200 MB are allocated.
MAX_FRAME_PIXELS = 1 << 26


__all__ = ["MAX_FRAME_PIXELS", "OPEN_OPTIONS", "cv2"]
