"""The reference is torchvision's own construction: what the handler's has wrong must not be in it as well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torchvision.models import get_model_weights
from torchvision.models.detection import maskrcnn_resnet50_fpn

from detector.model import architectures
from harness.checks.parity import worker

SPEC = {
    "schema": "rehearsal.model/1",
    "architecture": "maskrcnn_resnet50_fpn",
    "num_classes": 3,
    "labels": {"1": "cat", "2": "dog"},
    "min_size": 64,
    "max_size": 96,
}


@pytest.fixture(scope="module")
def own() -> nn.Module:
    """A network of one's own classes as torchvision makes it to be trained; its smallest variances show any epsilon."""
    network: nn.Module = maskrcnn_resnet50_fpn(
        weights=None, weights_backbone=None, num_classes=3, min_size=64, max_size=96
    )
    generator = torch.Generator().manual_seed(1)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_var is not None
            module.running_var.copy_(torch.rand(module.running_var.shape, generator=generator) * 1e-5 + 1e-5)
            module.weight.data.fill_(0.002)
    return network.eval()


def archive(folder: Path, network: nn.Module, **more: Any) -> Path:
    torch.save(network.state_dict(), folder / "model.pth")
    (folder / "model.json").write_text(json.dumps({**SPEC, **more}))
    return folder


@torch.no_grad()
def maps(network: Any) -> torch.Tensor:
    found: torch.Tensor = network.backbone(torch.linspace(0, 1, 3 * 64 * 64).reshape(1, 3, 64, 64))["0"]
    return found


def of_the_handler(folder: Path) -> torch.Tensor:
    return maps(architectures.load_network(folder)[0])


def of_the_reference(folder: Path) -> torch.Tensor:
    return maps(worker._network(folder)[0].cpu())  # the worker is a program, this is its part to test


def test_weights_of_ones_own_are_normalised_as_torchvision_trained_them(own: nn.Module, tmp_path: Path) -> None:
    folder = archive(tmp_path, own)
    torch.testing.assert_close(of_the_handler(folder), maps(own))
    torch.testing.assert_close(of_the_reference(folder), maps(own))


def test_the_specification_may_say_otherwise(own: nn.Module, tmp_path: Path) -> None:
    """As for what was fine-tuned from torchvision's COCO weights."""
    folder = archive(tmp_path, own, batch_norm_eps=0.0)
    torch.testing.assert_close(of_the_handler(folder), of_the_reference(folder))
    assert not torch.allclose(of_the_handler(folder), maps(own), rtol=1e-2)


def test_a_wrong_epsilon_of_the_handler_is_not_in_the_reference(
    own: nn.Module, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detector.model.maskrcnn.spec.MaskRCNNSpec.batch_norm_eps", 0.0)
    folder = archive(tmp_path, own)
    assert not torch.allclose(of_the_handler(folder), of_the_reference(folder), rtol=1e-2)


def test_the_weights_of_torchvision_are_known_by_their_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.pth"
    path.write_bytes(b"weights")
    published = get_model_weights("maskrcnn_resnet50_fpn").COCO_V1
    assert not worker._are_of_torchvision(path, "maskrcnn_resnet50_fpn")
    digest = "9a129038"  # of these bytes
    monkeypatch.setattr(published.value, "url", f"https://example.org/maskrcnn-{digest}.pth", raising=False)
    assert worker._are_of_torchvision(path, "maskrcnn_resnet50_fpn")


def test_the_small_network_of_the_known_answer_is_the_handlers(tmp_path: Path) -> None:
    known = Path(__file__).parents[4] / "harness" / "samples" / "known_answer"
    torch.testing.assert_close(of_the_handler(known), of_the_reference(known))
