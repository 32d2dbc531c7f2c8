"""The pixels of a picture that is an answer. Owns the decoding; may not compare."""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from harness.goldens.contents import NotOfKindError

# Modes whose pixels are numbers as they are; every other one (a palette, CMYK...) is shown as RGBA.
_PLAIN = ("L", "LA", "RGB", "RGBA", "I;16", "I", "F")
_PEAKS = {"I;16": 65535.0, "I": 65535.0, "F": 1.0}


@dataclass(frozen=True)
class Picture:
    """`pixels` has the shape (height, width) or (height, width, channels)."""

    mode: str
    pixels: np.ndarray[Any, np.dtype[Any]]

    @property
    def peak(self) -> float:
        """The largest value that a pixel of this mode is expected to have."""
        return _PEAKS.get(self.mode, 255.0)

    @property
    def size(self) -> str:
        height, width = self.pixels.shape[:2]
        return f"{width}x{height}"


def picture_of(body: bytes) -> Picture:
    """Raises NotOfKindError when it is no picture, or a damaged one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of large pictures
            with Image.open(io.BytesIO(body)) as image:
                shown = image if image.mode in _PLAIN else image.convert("RGBA")
                return Picture(shown.mode, np.asarray(shown))
    except Exception as error:  # Pillow raises OSError, SyntaxError, ValueError, struct.error... for what is damaged
        raise NotOfKindError(f"it is no picture that can be decoded ({error})") from error
