"""The state folder: where `harness` and `deploy` keep what they know of a project between two commands."""

from __future__ import annotations

from pathlib import Path

# Below the project's folder, or the folder that a command is given in.
STATE_DIR = Path(".rehearsal")
