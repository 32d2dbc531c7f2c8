"""The table of pictures: JPEG and PNG in their kinds, and the kinds that are refused."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from PIL import Image, PngImagePlugin

from tests.handler.clips import ClipMaker
from tests.media.marks import drawn

NUMBER = 165
SIZE = (96, 64)
Making = Callable[[ClipMaker], bytes]
_TURNED_BACK = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How a picture is stored that is shown upright by its EXIF orientation."""
_ADOBE = b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x01"
_COMMENT = b"\xff\xfe\x00\x08a \xff\xd9 b"
_PROFILE = b"\xff\xe2\x00\x90ICC_PROFILE\x00\x01\x01" + bytes(128)
_XMP = b"\xff\xe1\x00\x27http://ns.adobe.com/xap/1.0/\x00<x:x/>  "
_PHOTOSHOP = b"\xff\xed\x00\x12Photoshop 3.0\x00\x00\x00"


@dataclass(frozen=True)
class Picture:
    name: str
    made: Making
    content_type: str = "image/jpeg"
    refused: str = ""
    """A pattern of the reason; empty where the picture must be right."""
    size: tuple[int, int] = SIZE
    """In which it is shown."""


@dataclass(frozen=True)
class _Saved:
    """The picture as Pillow writes it, stored so that it is shown upright."""

    kind: str
    mode: str = "RGB"
    size: tuple[int, int] = SIZE
    orientation: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)

    def __call__(self, _: ClipMaker | None = None) -> bytes:
        image, options = Image.fromarray(drawn(NUMBER, *self.size)).convert(self.mode), dict(self.options)
        if self.orientation:
            method = _TURNED_BACK[self.orientation]
            image = image if method is None else image.transpose(method)
            options["exif"] = Image.Exif()
            options["exif"][0x0112] = self.orientation
        file = io.BytesIO()
        image.save(file, self.kind, **options)
        return file.getvalue()


def _jpeg(mode: str = "RGB", size: tuple[int, int] = SIZE, orientation: int = 0, **options: Any) -> _Saved:
    return _Saved("JPEG", mode, size, orientation, {"quality": 95, **options})


def _png(mode: str = "RGB", size: tuple[int, int] = SIZE, orientation: int = 0, **options: Any) -> _Saved:
    return _Saved("PNG", mode, size, orientation, options)


def _by_ffmpeg(name: str, arguments: str) -> Making:
    def made(clips: ClipMaker) -> bytes:
        source = clips.folder / "picture.png"
        source.write_bytes(_Saved("PNG")())
        return clips.made(name, "-i", str(source), *arguments.split(), "-frames:v", "1").read_bytes()

    return made


def _changed(making: Making, change: Callable[[bytes], bytes]) -> Making:
    return lambda clips: change(making(clips))


def _segments(body: bytes) -> list[bytes]:
    """Without SOI; the last one begins with the scan."""
    found, offset = [], 2
    while body[offset + 1] != 0xDA:
        end = offset + 2 + int.from_bytes(body[offset + 2 : offset + 4], "big")
        found.append(body[offset:end])
        offset = end
    return [*found, body[offset:]]


def _behind(first: bytes, *, keeps_jfif: bool = False) -> Callable[[bytes], bytes]:
    """The JPEG with those segments in front, in place of JFIF's or before it."""

    def changed(body: bytes) -> bytes:
        segments = [each for each in _segments(body) if keeps_jfif or each[1] != 0xE0]
        return b"\xff\xd8" + first + b"".join(segments)

    return changed


def _filled(body: bytes) -> bytes:
    *headers, scan = _segments(body)
    return b"\xff\xd8" + b"".join(b"\xff\xff\xff" + each for each in [*headers, scan[:-2], scan[-2:]])


def _with_chunk(name: bytes, content: bytes, body: bytes) -> bytes:
    """The PNG with one more chunk, behind its header."""
    checksum = zlib.crc32(name + content)
    return body[:33] + struct.pack(">I", len(content)) + name + content + struct.pack(">I", checksum) + body[33:]


def _giant(body: bytes) -> bytes:
    return body[:16] + (60_000).to_bytes(4, "big") * 2 + body[24:]


def _half(body: bytes) -> bytes:
    return body[: len(body) // 2]


def _few_colours() -> bytes:
    file = io.BytesIO()
    Image.fromarray(drawn(NUMBER, *SIZE)).quantize(16).save(file, "PNG", bits=4)
    return file.getvalue()


def _animated() -> bytes:
    first, second = (Image.fromarray(drawn(number, *SIZE)) for number in (NUMBER, 0))
    file = io.BytesIO()
    first.save(file, "PNG", save_all=True, append_images=[second])
    return file.getvalue()


def _text() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Title", "IEND and IDAT are only words here")
    info.add_itxt("Author", "映像")
    return info


_BASELINE, _PLAIN_PNG = _jpeg(), _png()
_CUT, _NO_PICTURE = (
    "the picture is (cut|damaged)|its end marker",
    "no video|is not accepted|neither a JPEG|cannot be told",
)

JPEGS = (
    Picture("baseline", _BASELINE),
    Picture("progressive", _jpeg(progressive=True)),
    Picture("optimised", _jpeg(optimize=True)),
    Picture("poor", _jpeg(quality=40)),
    Picture("best", _jpeg(quality=100)),
    Picture("4:4:4", _jpeg(subsampling=0)),
    Picture("4:2:2", _jpeg(subsampling=1)),
    Picture("4:2:0", _jpeg(subsampling=2)),
    Picture("4:2:0 progressive", _jpeg(subsampling=2, progressive=True)),
    Picture("4:4:0", _by_ffmpeg("440.jpg", "-pix_fmt yuvj440p -q:v 2 -strict unofficial")),
    Picture("4:1:1", _by_ffmpeg("411.jpg", "-pix_fmt yuvj411p -q:v 2 -strict unofficial")),
    Picture("by ffmpeg", _by_ffmpeg("plain.jpg", "-pix_fmt yuvj420p -q:v 2")),
    Picture("restart markers", _jpeg(restart_marker_blocks=2)),
    Picture("restart markers, progressive", _jpeg(restart_marker_rows=1, progressive=True)),
    Picture("gray", _jpeg(mode="L")),
    Picture("gray progressive", _jpeg(mode="L", progressive=True)),
    Picture("CMYK", _jpeg(mode="CMYK")),
    Picture("RGB without a transform", _jpeg(keep_rgb=True)),
    Picture("odd size", _jpeg(size=(97, 65)), size=(97, 65)),
    Picture("1 x 1", _jpeg(size=(1, 1)), size=(1, 1)),
    Picture("1 x 500", _jpeg(size=(1, 500)), size=(1, 500)),
    Picture("500 x 1", _jpeg(size=(500, 1)), size=(500, 1)),
    *(Picture(f"EXIF {each}", _jpeg(orientation=each)) for each in _TURNED_BACK),
    Picture("EXIF 6 progressive", _jpeg(orientation=6, progressive=True)),
    Picture("EXIF 6 gray", _jpeg(orientation=6, mode="L")),
    Picture("EXIF 6 behind XMP", _changed(_jpeg(orientation=6), _behind(_XMP))),
    Picture("EXIF 8 behind XMP and Photoshop", _changed(_jpeg(orientation=8), _behind(_XMP + _PHOTOSHOP))),
    Picture("EXIF 3 behind ICC", _changed(_jpeg(orientation=3), _behind(_PROFILE))),
    Picture("EXIF 5 with fill bytes", _changed(_jpeg(orientation=5), _filled)),
    Picture("first ICC", _changed(_BASELINE, _behind(_PROFILE))),
    Picture("first Adobe", _changed(_BASELINE, _behind(_ADOBE))),
    Picture("first a comment", _changed(_BASELINE, _behind(_COMMENT))),
    Picture("first a table", _changed(_BASELINE, _behind(b""))),
    Picture("first Photoshop", _changed(_BASELINE, _behind(_PHOTOSHOP, keeps_jfif=True))),
    Picture("fill bytes", _changed(_BASELINE, _filled)),
    Picture("fill bytes, progressive", _changed(_jpeg(progressive=True), _filled)),
    Picture("an ICC profile", _jpeg(icc_profile=bytes(3000))),
    Picture("a thumbnail", _jpeg(exif=b"Exif\x00\x00" + _jpeg(size=(16, 16))())),
    Picture("more behind its end", _changed(_BASELINE, lambda body: body + b"\xff\xd8 motion photo")),
    Picture("two pictures", _Saved("MPO")),
    Picture("called PNG", _BASELINE, "image/png"),
    Picture("called JPG", _BASELINE, "image/jpg"),
    Picture("cut", _changed(_BASELINE, _half), refused=_CUT),
    Picture("cut progressive", _changed(_jpeg(progressive=True), _half), refused=_CUT),
    Picture("without its end", _changed(_BASELINE, lambda body: body[:-2]), refused=_CUT),
    Picture("nothing but an end", lambda _: b"\xff\xd8\xff\xd9", refused="damaged|neither"),
    Picture("without tables", _changed(_BASELINE, lambda body: b"\xff\xd8" + _segments(body)[-1]), refused="damaged"),
)  # fmt: skip

PNGS = (
    Picture("RGB", _PLAIN_PNG, "image/png"),
    Picture("RGB without filters", _png(compress_level=0), "image/png"),
    Picture("RGB alpha", _png(mode="RGBA"), "image/png"),
    Picture("gray 8 bits", _png(mode="L"), "image/png"),
    Picture("gray alpha", _png(mode="LA"), "image/png"),
    Picture("gray 1 bit", _png(mode="1"), "image/png"),
    Picture("palette", _png(mode="P"), "image/png"),
    Picture("palette of 4 bits", lambda _: _few_colours(), "image/png"),
    Picture("palette with transparency", _png(mode="P", transparency=3), "image/png"),
    Picture("RGB with transparency", _png(transparency=(1, 2, 3)), "image/png"),
    Picture("gray with transparency", _png(mode="L", transparency=24), "image/png"),
    Picture("gray 16 bits", _by_ffmpeg("gray16.png", "-pix_fmt gray16be"), "image/png"),
    Picture("RGB 16 bits", _by_ffmpeg("rgb48.png", "-pix_fmt rgb48be"), "image/png"),
    Picture("RGB alpha 16 bits", _by_ffmpeg("rgba64.png", "-pix_fmt rgba64be"), "image/png"),
    Picture("interlaced", _by_ffmpeg("interlaced.png", "-pix_fmt rgb24 -flags +ildct"), "image/png"),
    Picture("interlaced gray", _by_ffmpeg("interlaced-gray.png", "-pix_fmt gray -flags +ildct"), "image/png"),
    Picture("all filters", _by_ffmpeg("mixed.png", "-pix_fmt rgb24 -pred mixed"), "image/png"),
    *(Picture(f"eXIf {each}", _png(orientation=each), "image/png") for each in _TURNED_BACK),
    Picture("gamma", _changed(_PLAIN_PNG, partial(_with_chunk, b"gAMA", struct.pack(">I", 45455))), "image/png"),
    Picture("another gamma", _changed(_PLAIN_PNG, partial(_with_chunk, b"gAMA", struct.pack(">I", 100000))),
            "image/png"),
    Picture("sRGB", _changed(_PLAIN_PNG, partial(_with_chunk, b"sRGB", b"\x00")), "image/png"),
    Picture("a PNG's ICC profile", _png(icc_profile=bytes(3000)), "image/png"),
    Picture("texts", _png(pnginfo=_text()), "image/png"),
    Picture("an unknown chunk", _changed(_PLAIN_PNG, partial(_with_chunk, b"teSt", bytes(50))), "image/png"),
    Picture("odd PNG", _png(size=(97, 65)), "image/png", size=(97, 65)),
    Picture("1 x 1 PNG", _png(size=(1, 1)), "image/png", size=(1, 1)),
    Picture("1 x 4000 PNG", _png(size=(1, 4000)), "image/png", size=(1, 4000)),
    Picture("PNG called JPEG", _PLAIN_PNG, "image/jpeg"),
    Picture("more behind a PNG's end", _changed(_PLAIN_PNG, lambda body: body + bytes(100)), "image/png"),
    Picture("cut PNG", _changed(_PLAIN_PNG, _half), "image/png", _CUT),
    Picture("PNG without its end", _changed(_PLAIN_PNG, lambda body: body[:-12]), "image/png", _CUT),
    Picture("PNG of one frame", _by_ffmpeg("still.png", "-f apng"), "image/png"),
    Picture("animated PNG", lambda _: _animated(), "image/png", "animated PNG"),
    Picture("a header of too many pixels", _changed(_PLAIN_PNG, _giant), "image/png", "damaged"),
)  # fmt: skip

OTHERS = (
    Picture("WebP", _Saved("WEBP"), "image/webp", _NO_PICTURE),
    Picture("BMP", _Saved("BMP"), "image/bmp", _NO_PICTURE),
    Picture("TIFF", _Saved("TIFF"), "image/tiff", _NO_PICTURE),
    Picture("JPEG 2000", _Saved("JPEG2000"), "image/jp2", _NO_PICTURE),
    Picture("PPM", _Saved("PPM"), "image/x-portable-pixmap", _NO_PICTURE),
    Picture("ICO", _Saved("ICO"), "image/x-icon", _NO_PICTURE),
    Picture("WebP called JPEG", _Saved("WEBP"), "image/jpeg", _NO_PICTURE),
    Picture("GIF called PNG", _Saved("GIF"), "image/png", "neither a JPEG nor a PNG"),
    Picture("text called JPEG", lambda _: b"no picture at all", "image/jpeg", "neither a JPEG nor a PNG"),
)  # fmt: skip

PICTURES = (*JPEGS, *PNGS, *OTHERS)
