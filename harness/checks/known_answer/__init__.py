"""The judgement on the answer to a clip whose truth is known, with the likely cause when it is wrong.

`judge` (in `verdict`) pairs the answer (`harness.cases.Predictions`) with the truth (`harness.cases.Truth`) frame by
frame, computes COCO's mean average precision (`scoring`), compares indices, times, names, bounds and masks
(`bookkeeping`), and reports single objects that the score forgives (`leftovers`). Where the boxes do not fit,
it undoes the usual mistakes one by one (`causes`, `geometry`, `suspects`) and names the one whose undoing helps most.
"""

from harness.checks.known_answer.scoring import Scores
from harness.checks.known_answer.verdict import KnownAnswerVerdict, judge

__all__ = ["KnownAnswerVerdict", "Scores", "judge"]
