from __future__ import annotations

import pytest

from tests.handler.clips import ClipMaker, maker_or_skip


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipMaker:
    return maker_or_skip(tmp_path_factory.mktemp("clips"))
