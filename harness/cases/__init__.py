"""What is sent and what must come back: the cases of a rehearsal, in their order."""

from harness.cases.case import (
    KNOWN_ANSWER,
    Case,
    KnownAnswer,
    of_bad_input,
    of_known_answer,
    of_recovery,
    of_users_clips,
    open_known_answer,
)
from harness.cases.predictions import Detection, PredictedFrame, Predictions, Rle, VideoSize
from harness.cases.truth import TrueFrame, TrueObject, Truth

__all__ = [
    "KNOWN_ANSWER",
    "Case",
    "Detection",
    "KnownAnswer",
    "PredictedFrame",
    "Predictions",
    "Rle",
    "TrueFrame",
    "TrueObject",
    "Truth",
    "VideoSize",
    "of_bad_input",
    "of_known_answer",
    "of_recovery",
    "of_users_clips",
    "open_known_answer",
]
