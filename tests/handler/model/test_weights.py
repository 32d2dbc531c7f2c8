from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from detector.core.errors import ModelArtifactError
from detector.model import load_network
from detector.model.maskrcnn import RESNET50_FPN, SMALL_FPN, MaskRCNNSpec, build_network, coco_spec

ONE_LABEL = '"labels": {"1": "a"}'


def fault(model_dir: Path) -> str:
    with pytest.raises(ModelArtifactError) as caught:
        load_network(model_dir)
    assert (caught.value.status, caught.value.code) == (500, "model_artifact")
    return str(caught.value)


def assert_same_weights(found: nn.Module, expected: nn.Module) -> None:
    loaded, saved = found.state_dict(), expected.state_dict()
    assert loaded.keys() == saved.keys()
    assert all(torch.equal(loaded[name], saved[name]) for name in saved)


def test_an_archive_becomes_its_network_ready_to_predict(model_dir: Path, small_network: nn.Module) -> None:
    network, spec = load_network(model_dir)
    assert_same_weights(network, small_network)
    assert spec.labels == {1: "cat", 2: "dog"}
    assert not network.training
    assert not any(tensor.is_meta or tensor.requires_grad for tensor in network.parameters())
    assert not any(tensor.is_meta for tensor in network.buffers())


def test_weights_from_before_zip_archives_are_read_too(model_dir: Path, small_network: nn.Module) -> None:
    torch.save(small_network.state_dict(), model_dir / "model.pth", _use_new_zipfile_serialization=False)
    assert_same_weights(load_network(model_dir)[0], small_network)


def test_weights_of_half_precision_are_widened(model_dir: Path, small_network: nn.Module) -> None:
    halves = {name: tensor.half() for name, tensor in small_network.state_dict().items()}
    torch.save(halves, model_dir / "model.pth")
    loaded = load_network(model_dir)[0].state_dict()
    assert all(torch.equal(loaded[name], half.float()) for name, half in halves.items())


def test_without_a_specification_the_weights_are_torchvisions_coco_network(tmp_path: Path) -> None:
    """Under the names of the published file, which torchvision renamed since (its modules have versions)."""
    torch.manual_seed(0)
    network = build_network(coco_spec())
    published = {
        name.replace("rpn.head.conv.0.0.", "rpn.head.conv.").replace("mask_head.0.0.", "mask_head.mask_fcn1."): tensor
        for name, tensor in network.state_dict().items()
    }
    assert published.keys() != network.state_dict().keys()
    torch.save(published, tmp_path / "model.pth")
    loaded, spec = load_network(tmp_path)
    assert isinstance(spec, MaskRCNNSpec)
    assert (spec.architecture, spec.num_classes, spec.labels[1], spec.labels[90]) == (
        RESNET50_FPN,
        91,
        "person",
        "toothbrush",
    )
    assert_same_weights(loaded, network)


def test_missing_weights_are_named_with_what_was_found(model_dir: Path) -> None:
    (model_dir / "model.pth").rename(model_dir / "model.pt")
    assert f"{model_dir / 'model.pth'} is missing (found: model.json, model.pt)" in fault(model_dir)
    assert "is missing (found: nothing)" in fault(model_dir / "nowhere")


@pytest.mark.parametrize(
    "damage",
    [
        lambda body: body[:0],
        lambda body: body[: len(body) // 2],
        lambda body: b"hello" * len(body[:100]),
        lambda body: body[:2000] + bytes(3000) + body[5000:],
    ],
)
def test_damaged_weights_are_named_with_their_size(model_dir: Path, damage: Callable[[bytes], bytes]) -> None:
    path = model_dir / "model.pth"
    path.write_bytes(damage(path.read_bytes()))
    assert f"{path} ({path.stat().st_size} bytes) is damaged or no torch file" in fault(model_dir)


@pytest.mark.parametrize("is_zip", [True, False])
def test_a_pickled_model_is_refused_with_the_conversion_to_run(
    model_dir: Path, small_network: nn.Module, is_zip: bool
) -> None:
    torch.save(small_network, model_dir / "model.pth", _use_new_zipfile_serialization=is_zip)
    message = fault(model_dir)
    assert "unpickling runs code, so it is refused" in message
    assert "torch.save(torch.load('model.pth', weights_only=False).state_dict(), 'model.pth')" in message


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:FutureWarning")  # still found in archives
def test_a_torchscript_archive_is_called_one(model_dir: Path) -> None:
    archive: Any = torch.jit.script(nn.ReLU())
    archive.save(str(model_dir / "model.pth"))
    assert "is a TorchScript archive; save the weights alone" in fault(model_dir)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            {"epoch": 3, "model": {"a": torch.zeros(1)}, "optimizer": {"state": {}}},
            "save the weights alone: torch.save(checkpoint['model']",
        ),
        ([torch.zeros(1)], "holds a list; expected a state_dict"),
        ({}, "it has the entries none"),
    ],
)
def test_a_file_that_holds_something_else_says_what(model_dir: Path, content: Any, message: str) -> None:
    torch.save(content, model_dir / "model.pth")
    assert message in fault(model_dir)


def test_weights_of_another_architecture_name_the_first_keys(model_dir: Path) -> None:
    (model_dir / "model.json").unlink()
    message = fault(model_dir)
    assert f"the weights in {model_dir / 'model.pth'} do not fit maskrcnn_resnet50_fpn with num_classes = 91" in message
    assert "missing: backbone.body.conv1.weight," in message
    assert "unexpected: backbone.body.stem" in message
    assert "of another size: backbone.fpn.inner_blocks.0.0.weight (64, 32, 1, 1) instead of (256, 256, 1, 1)" in message
    assert "more; add " in message
    assert "model.json (architecture, num_classes)" in message


def test_weights_for_another_number_of_classes_name_the_sizes(model_dir: Path) -> None:
    document = json.loads((model_dir / "model.json").read_text())
    document |= {"num_classes": 4, "labels": {"1": "cat", "2": "dog", "3": "bird"}}
    (model_dir / "model.json").write_text(json.dumps(document))
    message = fault(model_dir)
    assert "of another size: roi_heads.box_predictor.cls_score.weight (3, 128) instead of (4, 128)" in message
    assert "correct " in message


def test_weights_saved_from_dataparallel_name_the_fix(model_dir: Path, small_network: nn.Module) -> None:
    prefixed = {f"module.{name}": tensor for name, tensor in small_network.state_dict().items()}
    torch.save(prefixed, model_dir / "model.pth")
    assert "save model.module.state_dict()" in fault(model_dir)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not a model specification"),
        ('{"schema": "rehearsal.model/2"}', "schema is 'rehearsal.model/2', expected 'rehearsal.model/1'"),
        ('{"schema": "rehearsal.model/1"}', "key 'architecture' is missing"),
        (f'{{"schema": "rehearsal.model/1", "architecture": "yolo", {ONE_LABEL}, "num_classes": 2}}', "is not one of"),
        (
            f'{{"schema": "rehearsal.model/1", "architecture": "{SMALL_FPN}", {ONE_LABEL}, "num_classes": 3}}',
            "must name",
        ),
        ("[]", "is not a model specification"),
    ],
)
def test_a_bad_specification_is_named_with_what_is_wrong(model_dir: Path, text: str, message: str) -> None:
    (model_dir / "model.json").write_text(text)
    found = fault(model_dir)
    assert str(model_dir / "model.json") in found
    assert message in found


def test_building_on_the_meta_device_loses_nothing(small_spec: MaskRCNNSpec) -> None:
    """What is no parameter and no buffer, such as anchors, must not be left without data."""
    with torch.device("meta"):
        network = build_network(small_spec)
    plain, empty = build_network(small_spec), network
    for found, expected in zip(
        empty.rpn.anchor_generator.cell_anchors, plain.rpn.anchor_generator.cell_anchors, strict=True
    ):
        assert torch.equal(found, expected)
