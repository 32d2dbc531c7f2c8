"""Defines what every part of the detector shares. Imports no other folder.

errors        the tree of errors and their codes
settings      the container's environment, and the CustomAttributes of a request
server        what the serving stack was told about workers
frames        frames, clips and batches
planes        pictures as decoders store them
detections    the detections of one frame
rle           masks as COCO's compressed run lengths
predictor     the interface of a model
stages        the clock of a request's stages
opencv        OpenCV, imported with its environment set
proved        the versions of OpenCV and PyAV that were proved
"""

from detector.core.detections import FrameDetections
from detector.core.errors import DetectorError, RequestError, ServingError
from detector.core.frames import Clip, Frame, FrameBatch
from detector.core.predictor import Predictor
from detector.core.settings import Settings
from detector.core.stages import Stages

__all__ = [
    "Clip",
    "DetectorError",
    "Frame",
    "FrameBatch",
    "FrameDetections",
    "Predictor",
    "RequestError",
    "ServingError",
    "Settings",
    "Stages",
]
