"""What comes in and what goes out. Imports `core`, and `speed.prefetch`; knows no model.

    toolkit       the SageMaker toolkit's context: headers in, status out
    media         a body becomes a `Clip`, by its content type: `video`, `images` or `npy`
    containers    what a video file says of its own length
    storage       a body as a file without a name
    skipping      H.264 without decoding the frames that nobody asked for, by a plan of `gops`
    wire          the content type of the answer
    documents     detections become JSON, JSON lines or npy

Other folders import `toolkit`, `media`, `wire` and `documents`.
"""

from detector.io import documents, media, toolkit, wire

__all__ = ["documents", "media", "toolkit", "wire"]
