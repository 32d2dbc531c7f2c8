"""Reads requests and writes answers. Imports `core`, and no model.

    toolkit       reads headers from the SageMaker toolkit's context, and sets the status
    media         makes a `Clip` of a body, by its content type: `video`, `images` or `npy`
    pictures      where picture files end, and whether they are whole
    video         makes a `Clip` of a video: by PyAV, or by OpenCV where PyAV is not installed
    wire          negotiates the content type of the answer
    documents     writes detections as JSON, JSON lines or npy

Other folders import `toolkit`, `media`, `wire` and `documents`.
"""

from detector.io import documents, media, toolkit, wire

__all__ = ["documents", "media", "toolkit", "wire"]
