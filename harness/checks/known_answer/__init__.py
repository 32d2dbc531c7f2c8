"""Is the answer to a clip right, and if not, what was probably done wrong?

Flow: `judge` pairs the answer (`harness.cases.Predictions`) and what is known about the clip (`harness.cases.Truth`)
frame by frame, scores them with COCO's mean average precision (`scoring`), holds indices, times and names against the
truth (`bookkeeping`) and, where the boxes do not fit, tries what would make them fit (`causes`, `geometry`): the
mistake whose undoing makes the answer right is named.
"""

from harness.checks.known_answer.scoring import Scores
from harness.checks.known_answer.verdict import KnownAnswerVerdict, judge

__all__ = ["KnownAnswerVerdict", "Scores", "judge"]
