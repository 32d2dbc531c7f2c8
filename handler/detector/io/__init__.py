"""What comes in and what goes out. Imports `core`; knows no model.

    toolkit       the SageMaker toolkit's context: headers in, status out
    media         a body becomes a `Clip`, by its content type: `video`, `images` or `npy`
    video         chooses between the two decoders, and says why a video cannot be read
    sampling      the sampled frames by PyAV, whatever fails to decode; H.264 is skipped through by a plan of `gops`
    decoder       PyAV itself: packets, pictures, pixels
    capture       OpenCV, where PyAV is not installed
    containers    what a video file says of its own length
    storage       a body as a file without a name
    wire          the content type of the answer
    documents     detections become JSON, JSON lines or npy

Other folders import `toolkit`, `media`, `wire` and `documents`.
"""

from detector.io import documents, media, toolkit, wire

__all__ = ["documents", "media", "toolkit", "wire"]
