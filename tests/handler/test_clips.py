"""The maker of clips, on which the tests of video rest."""

from __future__ import annotations

import subprocess

import pytest

from tests.handler.clips import ClipMaker


def test_a_clip_that_could_not_be_made_is_not_there_for_the_next_test(clips: ClipMaker) -> None:
    for _ in range(2):
        with pytest.raises(subprocess.CalledProcessError):
            clips.made(
                "breaks.mp4", "-f", "lavfi", "-i", "testsrc2=duration=1", "-bsf:v", "h264_mp4toannexb", "-c:v", "png"
            )
    assert not (clips.folder / "breaks.mp4").exists()
