"""Says which settings a network of one stage does not use, and why: what is passed over in silence is a wrong belief.

Owns: the settings of the fast way of Mask R-CNN, which these networks do not have. They compute as torchvision does, in
float32. Where pictures are prepared (`PREPARED`), sizes, thresholds and the batch size are used as everywhere.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from detector.core.settings import Compiled, Forward, Kernels, Precision, Settings
from detector.model.onestage.spec import OneStageSpec

logger = logging.getLogger(__name__)


def settled(spec: OneStageSpec, settings: Settings) -> Settings:
    """The settings as they are used. A line of the log names each one that asked for something else."""
    used = replace(
        settings,
        precision=Precision.FP32,
        forward=Forward.PLAIN,
        compiled=Compiled.NONE,
        kernels=Kernels.NONE,
    )
    for name, reason in (
        ("precision", "it computes in float32; other formats were proved for Mask R-CNN and Faster R-CNN alone"),
        ("forward", "it takes torchvision's own steps; the others are made for the two stages of Mask R-CNN"),
        ("compiled", "only the backbone and RPN head of Mask R-CNN and Faster R-CNN are compiled"),
    ):
        asked, is_used = getattr(settings, name), getattr(used, name)
        if asked not in (is_used, "auto"):
            logger.warning("%s=%s is not used by %s: %s", name.upper(), asked, spec.architecture, reason)
    return used
