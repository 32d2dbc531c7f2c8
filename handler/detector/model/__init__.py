"""Makes a predictor of an unpacked archive.

    spec            reads model.json: the part that every family shares
    weights         loads model.pth as the tensors of a network; nothing is unpickled
    architectures   the table: the architecture that model.json names, and the family that reads, builds and runs it
    maskrcnn        the family of torchvision's Mask R-CNN and Faster R-CNN
    onestage        the family of torchvision's RetinaNet and SSD
    shared          what the families share

Imports `core` and `speed`. A family imports neither the table nor another family: the table calls it.
"""

from detector.model.architectures import build_network, load, load_network, read_spec, settled, spec_in
from detector.model.spec import SPEC_FILE, SPEC_SCHEMA, ModelSpec
from detector.model.weights import WEIGHTS_FILE

__all__ = [
    "SPEC_FILE",
    "SPEC_SCHEMA",
    "WEIGHTS_FILE",
    "ModelSpec",
    "build_network",
    "load",
    "load_network",
    "read_spec",
    "settled",
    "spec_in",
]
