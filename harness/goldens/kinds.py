"""Which kind an answer is, by its content type: what it is compared as."""

from __future__ import annotations

import io
import warnings

from PIL import Image

from deploy.expectations import media
from harness.goldens.arrays import arrays_of
from harness.goldens.contents import NotOfKindError, claims_detections, content_of, is_json
from harness.goldens.golden import Kind
from harness.goldens.pictures import picture_of

_IMAGES = ("image/jpeg", "image/png", "image/webp", "image/bmp")
_TEXTS = ("application/xml", "application/yaml", "application/x-yaml", "image/svg+xml")


def kind_of(body: bytes, content_type: str) -> Kind:
    """The kind that an answer is compared as. Raises NotOfKindError where JSON, npy or a picture is none."""
    bare = media.bare(content_type)
    if is_json(bare):
        return "detections" if claims_detections(content_of("json", body, content_type)) else "json"
    if bare == "application/x-npy":
        arrays_of(body)
        return "npy"
    if bare in _IMAGES:
        picture_of(body)
        return "image" if _frame_count(body) == 1 else "bytes"
    if bare.startswith("text/") or bare in _TEXTS:
        return _text_or_bytes(body, content_type)
    return "bytes"


def _text_or_bytes(body: bytes, content_type: str) -> Kind:
    try:
        content_of("text", body, content_type)
    except NotOfKindError:
        return "bytes"
    return "text"


def _frame_count(body: bytes) -> int:
    """How many pictures it has; an animation is not compared as a picture."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of large pictures
        with Image.open(io.BytesIO(body)) as picture:
            return int(getattr(picture, "n_frames", 1))
