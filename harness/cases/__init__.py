"""The cases of a rehearsal: what is sent and what must come back.

case           the noun, and which cases a rehearsal of the flagship has
declared       the cases of a project, and of the command line
probes         what every handler must survive
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

from harness.cases.case import Case, again, of_bad_input, of_known_answer, of_own_model, of_users_clips
from harness.cases.clips import Clip, input_record, open_clip
from harness.cases.declared import of_files, of_plain_file, of_project
from harness.cases.demands import Demands
from harness.cases.footage import ClipFacts
from harness.cases.known_answer import KNOWN_ANSWER, KnownAnswer, KnownAnswerFiles, open_known_answer
from harness.cases.predictions import ClipWarning, Detection, PredictedFrame, Predictions, Rle, VideoSize
from harness.cases.probes import of_probes
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
    "again",
    "input_record",
    "of_bad_input",
    "of_files",
    "of_known_answer",
    "of_own_model",
    "of_plain_file",
    "of_probes",
    "of_project",
    "of_users_clips",
    "open_clip",
    "open_known_answer",
]
