"""Are the flagship's weights before they are packed: where they come from, and whether they are weights at all.

download     fetches torchvision's COCO weights, once
pickles      reads what a pickle would do, without doing it
state_dicts  tells a state_dict from a program, and says what is wrong with it
checkpoints  makes a state_dict of a training checkpoint
"""

from deploy.bundle.weights.state_dicts import check_state_dict

__all__ = ["check_state_dict"]
