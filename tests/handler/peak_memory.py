"""Answer a clip in a process of its own, with a predictor that keeps nothing, and print the peak memory in KiB.

python -m tests.handler.peak_memory CLIP
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from detector.core.settings import Settings
from detector.pipeline import Request, respond
from tests.handler.fakes import MeanColour, service


def main() -> None:
    answering = service(Settings(), batch_size=8)
    respond(answering, Request(Path(sys.argv[1]).read_bytes(), "video/mp4"))
    assert isinstance(answering.predictor, MeanColour)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, sum(answering.predictor.batch_sizes))


if __name__ == "__main__":
    main()
