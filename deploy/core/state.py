"""Names the state folder, where `harness` and `deploy` keep the state of a project between two commands."""

from __future__ import annotations

from pathlib import Path

# The folder lies below the project's folder, or below the working directory of the command.
STATE_DIR = Path(".rehearsal")
