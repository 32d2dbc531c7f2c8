"""A network whose convolutions are fused with what follows them gives what it gave before."""

from __future__ import annotations

import copy

import torch
from torch import nn

from detector.model.maskrcnn import RESNET50_FPN, MaskRCNNSpec, build_network
from detector.speed import folding, fused


def test_the_whole_resnet_is_fused_and_its_maps_stay() -> None:
    torch.manual_seed(3)
    network = build_network(MaskRCNNSpec(RESNET50_FPN, 3, {1: "a", 2: "b"}, min_size=64, max_size=128)).eval()
    pictures = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        folding.fold_frozen_norms(network.backbone)
        replaced = copy.deepcopy(network.backbone)
        assert fused.fuse(replaced) == 1 + 16 * 3
        for name, expected in network.backbone(pictures).items():
            assert torch.equal(replaced(pictures)[name], expected)


def test_heads_are_fused_where_a_relu_follows(small_network: nn.Module) -> None:
    head = copy.deepcopy(small_network.get_submodule("rpn.head"))
    maps = [torch.rand(1, 64, 8, 8)]
    with torch.no_grad():
        assert fused.fuse(head) == 1
        for found, expected in zip(head(maps), small_network.get_submodule("rpn.head")(maps), strict=True):
            assert torch.equal(found[0], expected[0])


def test_a_block_whose_norms_are_not_folded_is_left_alone() -> None:
    network = build_network(MaskRCNNSpec(RESNET50_FPN, 3, {1: "a", 2: "b"}, min_size=64, max_size=128))
    assert fused.fuse(network.backbone) == 0


def test_nothing_is_fused_on_a_cpu() -> None:
    assert not fused.is_usable(torch.device("cpu"))
