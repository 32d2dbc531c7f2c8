"""Is what the families share: names, sizes and memory, and nothing of a network.

labels    names COCO's classes
scaling   scales a picture as torchvision's detectors do, and refuses what would have no pixels
halving   goes on with half as many frames at once where memory does not suffice
"""

from detector.model.shared.halving import Halving
from detector.model.shared.labels import coco_labels
from detector.model.shared.scaling import scale

__all__ = ["Halving", "coco_labels", "scale"]
