"""The content type of a file, by its name alone, and the same on every machine.

Owns: the table. A machine's own table (`mimetypes`) calls `.ts` a translation of Qt's, `.mts` a model, `.3gp` a sound.
IANA's names where there are any; `application/x-npy` is the name that SageMaker's toolkits give NumPy arrays.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

FALLBACK_CONTENT_TYPE = "application/octet-stream"

_SUFFIXES = {
    "video/mp4": "mp4 m4v",
    "video/quicktime": "mov qt",
    "video/x-matroska": "mkv mk3d",
    "video/webm": "webm",
    "video/x-msvideo": "avi divx",
    "video/mp2t": "ts mts m2ts m2t",
    "video/mpeg": "mpg mpeg mpe m1v m2v mpv vob",
    "video/3gpp": "3gp 3gpp",
    "video/3gpp2": "3g2 3gpp2",
    "video/ogg": "ogv",
    "video/x-ms-wmv": "wmv",
    "video/x-ms-asf": "asf",
    "video/x-flv": "flv f4v",
    "video/x-yuv4mpeg": "y4m",
    "video/x-ivf": "ivf",
    "video/x-nut": "nut",
    "video/dv": "dv",
    "video/h264": "h264 264",
    "video/h265": "h265 265 hevc",
    "video/x-motion-jpeg": "mjpeg mjpg",
    "application/mxf": "mxf",
    "application/ogg": "ogg ogx",
    "image/jpeg": "jpg jpeg jpe jfif",
    "image/png": "png",
    "image/gif": "gif",
    "image/bmp": "bmp dib",
    "image/webp": "webp",
    "image/tiff": "tif tiff",
    "image/avif": "avif",
    "image/heic": "heic",
    "image/heif": "heif",
    "image/svg+xml": "svg",
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/aac": "aac",
    "audio/flac": "flac",
    "audio/ogg": "oga opus",
    "application/x-npy": "npy",
    "application/x-npz": "npz",
    "application/json": "json",
    "application/jsonlines": "jsonl ndjson",
    "application/x-parquet": "parquet",
    "application/pdf": "pdf",
    "application/xml": "xml",
    "application/zip": "zip",
    "application/gzip": "gz tgz",
    "application/x-tar": "tar",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "text/plain": "txt text log",
    "text/markdown": "md",
    "text/html": "html htm",
}

# By suffix, in lower case.
CONTENT_TYPES: Mapping[str, str] = {
    f".{suffix}": content_type for content_type, suffixes in _SUFFIXES.items() for suffix in suffixes.split()
}


def content_type_of(file: Path) -> str:
    """The MIME type that a client sends for a file of this name."""
    return CONTENT_TYPES.get(file.suffix.lower(), FALLBACK_CONTENT_TYPE)
