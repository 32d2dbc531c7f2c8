"""The flagship handler: a video in, detections in source pixels out. Everything here runs inside the container.

A request's way, in order:

    toolkit     what the SageMaker toolkit hands over: headers in, status out
    wire        which content types come in and go out
    settings    the container's environment, and the request's CustomAttributes on top of it
    media       a body becomes a `Clip`: video (OpenCV), one picture, or an npy array
    skipping    H.264 without decoding what nobody looks at (PyAV, where it is installed), by a plan of `gops`
    frames      a clip's sampled frames become `FrameBatch`es, uint8 RGB
    ahead       on a GPU: batches made while the one before is in the network
    inputs      a batch becomes what the backbone takes
    model       a batch becomes `FrameDetections` in source pixels
    documents   detections become JSON, JSON lines or npy
    pipeline    all of it together, one batch at a time
    stages      where a request's time went, as a line in the log

Once, when the worker starts: `weights` loads the network that `architecture` builds, `tuning` makes it faster with the
same answers (`folding`, `precision`, `allocator`), `gpu_memory` makes a big GPU small where that is asked for, and
`deferred` keeps what is not needed out of the start.

Imports the standard library, torch, torchvision, cv2 and numpy, and nothing else that must be there: nothing is
installed when the container starts.
"""
