"""Is the answer to a clip right, and if not, what was probably done wrong?

Flow: `Predictions.parse` reads the answer and `Truth.read` what is known about the clip; `judge` pairs the two frame by
frame (`pairs`), scores them with COCO's mean average precision (`scoring`), holds indices, times and names against the
truth (`bookkeeping`) and, where the boxes do not fit, tries what would make them fit (`causes`, `geometry`): the
mistake whose undoing makes the answer right is named.
"""

from harness.checks.known_answer.predictions import Detection, PredictedFrame, Predictions, Rle, VideoSize
from harness.checks.known_answer.scoring import Scores
from harness.checks.known_answer.truth import TrueFrame, TrueObject, Truth
from harness.checks.known_answer.verdict import Verdict, judge

__all__ = [
    "Detection",
    "PredictedFrame",
    "Predictions",
    "Rle",
    "Scores",
    "TrueFrame",
    "TrueObject",
    "Truth",
    "Verdict",
    "VideoSize",
    "judge",
]
