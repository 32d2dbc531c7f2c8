"""Which libraries decode here: refuses those that were not proved, and says what serves in one line of the log.

Owns the line `decoders {...}`, which the harness takes for its evidence: names and versions, texts all. `video` is the
one of the two that reads video. May not: decode.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from detector.core import proved
from detector.core.errors import ServingError
from detector.core.opencv import cv2
from detector.io.video import decoder

LINE = "decoders"
_REMEDY = "put one of them into the archive, beside PyAV: [handler] packages, or deploy vendor"


def require_proved() -> None:
    """Raises ServingError when OpenCV was not proved for what it has to do here, which is not the sender's fault."""
    found = proved.entry(proved.OPENCV, cv2.__version__)
    if found is None:
        ranges = proved.ranges(proved.OPENCV)
        raise ServingError(f"OpenCV {cv2.__version__} was not proved for pictures; {ranges} were: {_REMEDY}")
    if decoder.av:
        return
    if not found.reads_video:
        raise ServingError(
            f"OpenCV {cv2.__version__} shows wrong colours in video, and PyAV is not here{_instead()}: put PyAV into "
            f"the archive, or an OpenCV that was proved for video ({proved.ranges(proved.OPENCV, reading_video=True)})"
        )
    if not cv2.videoio_registry.hasBackend(cv2.CAP_FFMPEG):
        raise ServingError(
            f"OpenCV {cv2.__version__} has no FFmpeg, and PyAV is not here{_instead()}: put PyAV into the archive, or "
            "the opencv-python-headless wheel"
        )


def line() -> str:
    """`decoders {"video":"pyav","opencv":"4.14.0","opencv libavcodec":"62.28.102",...,"pyav":"18.1.0",...}`"""
    return f"{LINE} {json.dumps(versions(), separators=(',', ':'))}"


def versions() -> Mapping[str, str]:
    """OpenCV, PyAV where it serves, and the libraries of FFmpeg that each brings."""
    found = {"video": "pyav" if decoder.av else "opencv", "opencv": str(cv2.__version__)}
    for name, version in re.findall(r"^ +(\w+): +YES \(([\d.]+)\)", cv2.getBuildInformation(), re.MULTILINE):
        if name.startswith(("av", "sw")):
            found[f"opencv lib{name}"] = version
    if decoder.av:
        found["pyav"] = str(decoder.av.__version__)
        for name, numbers in sorted(decoder.av.library_versions.items()):
            found[f"pyav {name}"] = ".".join(map(str, numbers))
    elif decoder.unproved:
        found["pyav, not proved"] = decoder.unproved
    return found


def _instead() -> str:
    return (
        f" (version {decoder.unproved} was not proved; {proved.ranges(proved.PYAV)} were)" if decoder.unproved else ""
    )
