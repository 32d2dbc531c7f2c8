"""The report in a real browser, opened from a file and without a network."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from tests.e2e.runs import Finished, validate

pytestmark = pytest.mark.e2e

BROWSERS = ("chromium", "google-chrome", "chromium-browser")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--window-size=1200,2400",
)
# At least this share of the pixels is green: the box and the marks of the verdict.
GREEN_SHARE = 0.001


@pytest.fixture(scope="module")
def browser() -> str:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found:
        return found
    if os.environ.get("FAIL_WITHOUT_BROWSER"):
        pytest.fail("FAIL_WITHOUT_BROWSER is set, and there is no chromium")
    pytest.skip("no chromium on this machine")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return validate(tmp_path_factory.mktemp("browser"))


def open_page(browser: str, page: Path, folder: Path, *flags: str) -> str:
    command = [browser, *FLAGS, f"--user-data-dir={folder / 'profile'}", *flags, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def test_the_page_says_the_verdict_and_shows_the_pictures(browser: str, run: Finished, tmp_path: Path) -> None:
    page = run.out_dir / "report.html"
    text = open_page(browser, page, tmp_path, "--dump-dom")
    assert "Passed" in text
    assert run.report.bundle.sha256 in text
    assert text.count("<img") >= 5


def test_the_page_is_painted(browser: str, run: Finished, tmp_path: Path) -> None:
    shot = tmp_path / "shot.png"
    open_page(browser, run.out_dir / "report.html", tmp_path, f"--screenshot={shot}")
    with Image.open(shot) as picture:
        colours = picture.convert("RGB").getcolors(maxcolors=1 << 24)
    assert colours is not None
    assert len(colours) > 1000, "the pictures of the detections are missing"
    greens = sum(count for count, rgb in colours if isinstance(rgb, tuple) and rgb[1] > rgb[0] + 30 and rgb[1] > rgb[2])
    assert greens / (1200 * 2400) > GREEN_SHARE
