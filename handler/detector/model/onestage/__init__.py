"""Is the family of torchvision's detectors of one stage: RetinaNet and SSD, which answer with boxes alone.

spec      reads its model.json: classes, and the keys that an architecture has
network   builds the untrained networks with torchvision's own constructors
usage     says which settings such a network does not use, and why
detector  turns a batch of frames into detections in source pixels, with torchvision's own forward
"""

from detector.model.onestage.detector import OneStageDetector, make_predictor
from detector.model.onestage.network import build_network
from detector.model.onestage.spec import ARCHITECTURES, OneStageSpec, parse_spec
from detector.model.onestage.usage import settled

__all__ = [
    "ARCHITECTURES",
    "OneStageDetector",
    "OneStageSpec",
    "build_network",
    "make_predictor",
    "parse_spec",
    "settled",
]
