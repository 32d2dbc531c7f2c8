"""The report in a real browser, opened from a file and without a network."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from tests.e2e import browsers
from tests.e2e.runs import Finished, validate

pytestmark = pytest.mark.e2e

# At least this share of the pixels is green: the box and the marks of the verdict.
GREEN_SHARE = 0.001


@pytest.fixture(scope="module")
def browser() -> str:
    return browsers.chromium()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    return validate(tmp_path_factory.mktemp("browser"))


def test_the_page_says_the_verdict_and_shows_the_pictures(browser: str, run: Finished, tmp_path: Path) -> None:
    page = run.out_dir / "report.html"
    text = browsers.opened(browser, page.as_uri(), tmp_path / "profile", "--dump-dom")
    assert "Passed" in text
    assert run.report.bundle.sha256 in text
    assert text.count("<img") >= 5


def test_the_page_is_painted(browser: str, run: Finished, tmp_path: Path) -> None:
    shot = tmp_path / "shot.png"
    browsers.opened(browser, (run.out_dir / "report.html").as_uri(), tmp_path / "profile", f"--screenshot={shot}")
    with Image.open(shot) as picture:
        colours = picture.convert("RGB").getcolors(maxcolors=1 << 24)
    assert colours is not None
    assert len(colours) > 1000, "the pictures of the detections are missing"
    greens = sum(count for count, rgb in colours if isinstance(rgb, tuple) and rgb[1] > rgb[0] + 30 and rgb[1] > rgb[2])
    assert greens / (1200 * 2400) > GREEN_SHARE
