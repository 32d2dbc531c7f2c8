"""An answer held against the golden that was recorded: pure functions of both, which return findings.

verdict      `judge` and `compare`: the type, the request's model, and the matcher of the golden's kind
detections   frame by frame: lost, new, renamed and moved objects, scores, masks; times, size, labels, warnings
documents    JSON: every place that differs, numbers within rtol and atol
arrays       npy: shape, dtype, and the largest difference
pictures     size, mode, and the peak signal-to-noise ratio of the pixels
raw          text line by line, and bytes
bounded      so many findings of one kind are told, and the rest is counted

They are here and not beside `deploy.expectations`, because objects are paired as the parity check pairs them, and
because numpy, Pillow and pycocotools read what is compared: `deploy` runs without them. What a golden is, and where it
lies, is `harness.goldens`'.
"""

from harness.checks.golden.verdict import Verdict, compare, judge

__all__ = ["Verdict", "compare", "judge"]
