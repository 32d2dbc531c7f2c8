"""What a person sees on stderr of a stage that ended."""

from __future__ import annotations

import io

from rich.console import Console

from harness.core.progress import Progress


def shown(*, ok: bool = True, skipped: bool = False) -> str:
    written = io.StringIO()
    with Progress(Console(file=written, width=80)).stage("parity") as stage:
        stage.ok, stage.skipped = ok, skipped
    return written.getvalue()


def test_what_was_skipped_has_no_tick() -> None:
    assert shown().startswith("✓ parity")
    assert shown(ok=False).startswith("✗ parity")
    assert shown(skipped=True).startswith("– parity")
