"""Is the family of torchvision's Mask R-CNN, and of Faster R-CNN, which is the same network without masks.

spec       reads its model.json: classes, input sizes, norms
network    builds the untrained networks
tuning     changes a loaded network once, so that it runs faster with the same answers (`speed`)
layout     chooses how pictures and maps lie in memory
inputs     turns a batch of frames into the backbone's input
forwards   takes prepared pictures up to the boxes, torchvision's way or all at once (`batched`)
detector   turns a batch of frames into detections in source pixels
masks      turns mask probabilities into run lengths in source pixels
placement  says where in the picture each mask goes
pasting    pastes all masks of a batch at once, on their device
bilinear   interpolates on any device as torch does on the CPU
"""

from detector.model.maskrcnn.detector import Detector, make_predictor
from detector.model.maskrcnn.network import build_network
from detector.model.maskrcnn.spec import ARCHITECTURES, RESNET50_FPN, SMALL_FPN, MaskRCNNSpec, coco_spec, parse_spec

__all__ = [
    "ARCHITECTURES",
    "RESNET50_FPN",
    "SMALL_FPN",
    "Detector",
    "MaskRCNNSpec",
    "build_network",
    "coco_spec",
    "make_predictor",
    "parse_spec",
]
