"""What comes in and what goes out. Imports `core`; knows no model.

    toolkit       the SageMaker toolkit's context: headers in, status out
    media         a body becomes a `Clip`, by its content type: `video`, `images` or `npy`
    video         a video's bytes become a `Clip`: by PyAV, or by OpenCV where that is not installed
    wire          the content type of the answer
    documents     detections become JSON, JSON lines or npy

Other folders import `toolkit`, `media`, `wire` and `documents`.
"""

from detector.io import documents, media, toolkit, wire

__all__ = ["documents", "media", "toolkit", "wire"]
