"""The flagship handler: a video in, detections in source pixels out. Everything here runs inside the container.

A request's way, in order:

    toolkit     what the SageMaker toolkit hands over: headers in, status out
    wire        which content types come in and go out
    settings    the container's environment, and the request's CustomAttributes on top of it
    media       a body becomes a `Clip`: video (OpenCV), one picture, or an npy array
    frames      a clip's sampled frames become `FrameBatch`es, uint8 RGB
    model       a batch becomes `FrameDetections` in source pixels
    documents   detections become JSON, JSON lines or npy
    pipeline    all of it together, one batch at a time

Imports the standard library, torch, torchvision, cv2 and numpy, and nothing else: nothing is installed when the
container starts.
"""
