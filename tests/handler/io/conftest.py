from __future__ import annotations

import pytest

from detector.io.video import decoder


@pytest.fixture(params=["PyAV", "OpenCV"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The decoder in use."""
    if request.param == "OpenCV":
        monkeypatch.setattr(decoder, "av", None)
    else:
        pytest.importorskip("av")
    return str(request.param)
