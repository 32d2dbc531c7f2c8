"""The file of a day: every step with card, date and commit, in one form for results that are kept.

`benchmarks/results/<gpu>/<date>.json` has this form: `schema`, `card`, `date`, `commit`, `clean` (was the working tree
that commit?), `versions`, and `steps`: for each step its `status`, `seconds`, `facts` and `rows`. Milliseconds are per
frame, ratios are the reference's time by the handler's.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.contestants.worker import ROOT
from benchmarks.gpu_day.measuring import record
from benchmarks.gpu_day.measuring.inputs import COMMIT
from benchmarks.gpu_day.measuring.record import Document

SCHEMA = "rehearsal.gpu_day/1"


def of(steps: Mapping[str, Document], inputs: Path) -> Document:
    """The day of these steps; the card and the versions are facts of the step `facts`."""
    facts: dict[str, Any] = steps.get("facts", {}).get("facts", {})
    return {
        "schema": SCHEMA,
        "card": facts.get("card", "unknown"),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        **_commit(inputs),
        "versions": facts.get("versions", {}),
        "steps": dict(steps),
    }


def _commit(inputs: Path) -> Document:
    """This tree's, if it is clean; else what was noted where the inputs were made: a copy may lack its last commits."""
    here = commit()
    if here.get("clean"):
        return here
    return record.read(inputs / COMMIT) or here or {"commit": "unknown", "clean": False}


def commit() -> Document:
    """`commit` and `clean` of this working tree; empty where there is no git or no history."""
    try:
        told = [_git("rev-parse", "--short=12", "HEAD"), _git("status", "--porcelain")]
    except (OSError, subprocess.CalledProcessError):
        return {}
    return {"commit": told[0], "clean": told[1] == ""}


def _git(*words: str) -> str:
    found = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True)
    return found.stdout.strip()
