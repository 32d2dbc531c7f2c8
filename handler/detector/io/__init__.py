"""Reads requests and writes answers. Imports `core` and `speed.prefetch`, and no model.

    toolkit       reads headers from the SageMaker toolkit's context, and sets the status
    media         makes a `Clip` of a body, by its content type: `video`, `images` or `npy`
    containers    reads the length that a video file declares
    storage       keeps a body as a file without a name
    skipping      decodes only the sampled frames of H.264 and those that they need, by a plan of `gops`
    wire          negotiates the content type of the answer
    documents     writes detections as JSON, JSON lines or npy

Other folders import `toolkit`, `media`, `wire` and `documents`.
"""

from detector.io import documents, media, toolkit, wire

__all__ = ["documents", "media", "toolkit", "wire"]
