"""A JPEG or PNG by Pillow, which is not the handler's decoder (OpenCV): its size, turned as its EXIF data say.

A picture of which a part is missing has no facts: Pillow decodes it to its end.
"""

from __future__ import annotations

import warnings
from pathlib import Path

from PIL import ExifTags, Image

from harness.cases.footage.facts import ClipFacts

# CIPA DC-008 (Exif), 4.6.4: from 5 on, the picture's rows are shown as columns.
_ROWS_ARE_COLUMNS = range(5, 9)


def still_facts(path: Path) -> ClipFacts | None:
    try:
        with warnings.catch_warnings(), Image.open(path) as picture:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            orientation = picture.getexif().get(ExifTags.Base.Orientation, 1)
            picture.load()
            width, height = picture.size
    except Exception:  # Pillow raises OSError, SyntaxError, ValueError, struct.error... for what is damaged
        return None
    if orientation in _ROWS_ARE_COLUMNS:
        width, height = height, width
    return ClipFacts(width, height, 1, 0.0)
