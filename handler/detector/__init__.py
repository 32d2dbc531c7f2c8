"""Is the flagship handler: it turns a video into detections in source pixels. Everything here runs in the container.

    core/         the nouns and errors that all share, the settings, the clock of the stages
    speed/        techniques that make the network, the decoding and the start faster with the same answers
    io/           reads requests and writes answers
    model/        makes a predictor of an unpacked archive; has the table of architectures
    pipeline      loads the service and answers requests

Imports point one way: core <- speed <- io and model <- pipeline. `io` and `model` do not import each other.

A request passes, in order: `io.toolkit` (headers), `io.wire` (Accept), `core.settings` (CustomAttributes over the
container's environment), `io.media` (the body becomes a `Clip`), `core.frames` (its sampled frames become
`FrameBatch`es), `speed.prefetch` (the next batch is made while the network runs), `model` (a batch becomes
`FrameDetections`), and `io.documents` (detections become JSON, JSON lines or npy).

May import: the standard library, torch, torchvision, cv2 and numpy, and PyAV where it is installed.
"""
