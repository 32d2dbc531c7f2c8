"""The cases of a rehearsal: what is sent and what must come back.

case           the noun, and which cases a rehearsal has
clips          a file to send, and what it holds
footage/       what a file shows, by demuxing
known_answer   the clip whose truth is known, and its model
demands        what every answer of a run must satisfy
predictions    an answer, parsed
truth          what is in a clip, frame by frame
matching       an answer beside the truth, box by box
documents      JSON into dataclasses

The package sends nothing and judges nothing; `harness.checks` judges.
"""

from harness.cases.case import Case, of_bad_input, of_known_answer, of_recovery, of_users_clips
from harness.cases.clips import Clip, input_record, open_clip
from harness.cases.demands import Demands
from harness.cases.footage import ClipFacts
from harness.cases.known_answer import KNOWN_ANSWER, KnownAnswer, KnownAnswerFiles, open_known_answer
from harness.cases.predictions import ClipWarning, Detection, PredictedFrame, Predictions, Rle, VideoSize
from harness.cases.truth import TrueFrame, TrueObject, Truth

__all__ = [
    "KNOWN_ANSWER",
    "Case",
    "Clip",
    "ClipFacts",
    "ClipWarning",
    "Demands",
    "Detection",
    "KnownAnswer",
    "KnownAnswerFiles",
    "PredictedFrame",
    "Predictions",
    "Rle",
    "TrueFrame",
    "TrueObject",
    "Truth",
    "VideoSize",
    "input_record",
    "of_bad_input",
    "of_known_answer",
    "of_recovery",
    "of_users_clips",
    "open_clip",
    "open_known_answer",
]
