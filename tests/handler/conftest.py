from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from detector.model.maskrcnn import SMALL_FPN, MaskRCNNSpec, build_network
from tests.handler.clips import ClipMaker, maker_or_skip


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> ClipMaker:
    return maker_or_skip(tmp_path_factory.mktemp("clips"))


@pytest.fixture(scope="session", autouse=True)
def one_torch_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def small_spec() -> MaskRCNNSpec:
    return MaskRCNNSpec(SMALL_FPN, 3, {1: "cat", 2: "dog"}, min_size=96, max_size=160)


@pytest.fixture(scope="session")
def small_network(small_spec: MaskRCNNSpec) -> nn.Module:
    """The small architecture with seeded random weights: it finds 50 things in everything."""
    torch.manual_seed(7)
    network: nn.Module = build_network(small_spec).eval()
    return network


@pytest.fixture
def model_dir(tmp_path: Path, small_network: nn.Module) -> Path:
    """An unpacked archive of the small network."""
    torch.save(small_network.state_dict(), tmp_path / "model.pth")
    (tmp_path / "model.json").write_text(
        '{"schema": "rehearsal.model/1", "architecture": "maskrcnn_small_fpn", "num_classes": 3, '
        '"labels": {"1": "cat", "2": "dog"}, "min_size": 96, "max_size": 160}'
    )
    return tmp_path
