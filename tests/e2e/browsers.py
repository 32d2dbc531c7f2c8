"""A real browser without a network of its own: every name leads nowhere, or where a test says."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_NAMES = ("chromium", "google-chrome", "chromium-browser")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1200,2400",
)
NOWHERE = "MAP * ~NOTFOUND"


def chromium() -> str:
    """The path of a browser. Skips the test where there is none, or fails it, as `FAIL_WITHOUT_BROWSER` says."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found:
        return found
    if os.environ.get("FAIL_WITHOUT_BROWSER"):
        pytest.fail("FAIL_WITHOUT_BROWSER is set, and there is no chromium")
    pytest.skip("no chromium on this machine")


def opening(browser: str, url: str, profile: Path, *flags: str, names: str = NOWHERE) -> list[str]:
    """The command that opens `url`; `names` are Chromium's rules for resolving hosts."""
    return [browser, *_FLAGS, f"--host-resolver-rules={names}", f"--user-data-dir={profile}", *flags, url]


def opened(browser: str, url: str, profile: Path, *flags: str, names: str = NOWHERE) -> str:
    """What the browser printed about the page."""
    command = opening(browser, url, profile, *flags, names=names)
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
