"""Reads requests and writes answers. Imports `core`, and no model.

    toolkit       reads headers from the SageMaker toolkit's context, and sets the status
    media         makes a `Clip` of a body, by its content type: `video`, `images` or `npy`
    pictures      where picture files end, and whether they are whole
    video         makes a `Clip` of a video: by PyAV, or by OpenCV where PyAV is not installed
    libraries     refuses libraries that were not proved, and says which decode
    wire          negotiates the content type of the answer
    documents     writes detections as JSON, JSON lines or npy

Other folders import `toolkit`, `media`, `libraries`, `wire` and `documents`.
"""

from detector.io import documents, libraries, media, toolkit, wire

__all__ = ["documents", "libraries", "media", "toolkit", "wire"]
