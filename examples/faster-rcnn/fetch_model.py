"""Makes the weights: `python fetch_model.py` trains them and takes them out of the checkpoint. What is there is kept.

Nothing is downloaded: a detector of a million numbers that learns from generated pictures is made in a minute.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
CHECKPOINT, WEIGHTS = FOLDER / "checkpoint.pth", FOLDER / "model.pth"


def main() -> None:
    if WEIGHTS.is_file():
        print(f"{WEIGHTS} is there already")
        return
    if not CHECKPOINT.is_file():
        _run(str(FOLDER / "train.py"))
    _run("-m", "deploy.cli", "weights", str(CHECKPOINT), "--key", "model_ema", "--out", str(WEIGHTS))
    print(f"{WEIGHTS}: {WEIGHTS.stat().st_size / 1e6:.1f} MB")


def _run(*command: str) -> None:
    ran = subprocess.run([sys.executable, *command], check=False)
    if ran.returncode:
        sys.exit(ran.returncode)


if __name__ == "__main__":
    main()
