"""The family of torchvision's Mask R-CNN.

spec       what its model.json says: classes, input sizes, norms
network    the untrained networks
tuning     what is done once to a loaded network, so that it runs faster with the same answers (`speed`)
inputs     a batch of frames becomes what the backbone takes
detector   a batch of frames becomes detections in source pixels
masks      mask probabilities become run lengths in source pixels
"""

from detector.model.maskrcnn.detector import Detector, make_predictor
from detector.model.maskrcnn.network import build_network
from detector.model.maskrcnn.spec import RESNET50_FPN, SMALL_FPN, MaskRCNNSpec, coco_spec, parse_spec

__all__ = [
    "RESNET50_FPN",
    "SMALL_FPN",
    "Detector",
    "MaskRCNNSpec",
    "build_network",
    "coco_spec",
    "make_predictor",
    "parse_spec",
]
