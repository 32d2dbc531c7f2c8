"""The sweep of everything that killed runs left below a state folder, found by their ledgers."""

from __future__ import annotations

from pathlib import Path

from harness.processes import Swept, sweep


def sweep_leftovers(state_dir: Path) -> tuple[Swept, ...]:
    """The harness's own children first, then the containers that an emulator among them had started."""
    root = state_dir.absolute()
    folders = (root, root / "up" / "sagemaker", *root.glob("runs/*/sagemaker"))
    return tuple(swept for folder in folders for swept in sweep(folder))
