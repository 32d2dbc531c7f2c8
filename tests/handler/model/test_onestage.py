"""RetinaNet and SSD: with weights of one's own classes, the answers are those of torchvision's own constructor."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models import detection

import inference
from detector import pipeline
from detector.core.detections import FrameDetections
from detector.core.errors import BadParameter, ModelArtifactError, OutOfMemory, UnreadableMedia
from detector.core.frames import FrameBatch
from detector.core.settings import Compiled, Forward, Precision, Prepared, Settings
from detector.model.architectures import ARCHITECTURES, load, load_network, settled
from detector.model.onestage import ARCHITECTURES as NAMES
from detector.model.onestage import detector
from detector.model.shared import coco_labels
from detector.pipeline import Request
from harness.checks.parity import worker
from tests.handler.clips import ClipMaker
from tests.handler.networks import CPU, batch_of, eager

RETINANETS = ("retinanet_resnet50_fpn", "retinanet_resnet50_fpn_v2")
SSDLITE = "ssdlite320_mobilenet_v3_large"
SIZES = {"min_size": 96, "max_size": 160}
PICTURES = batch_of(2)


@cache
def own(architecture: str, classes: int = 4) -> nn.Module:
    """A network as torchvision makes it to be trained on three classes, whose scores and norms differ."""
    torch.manual_seed(3)
    sizes = SIZES if architecture in RETINANETS else {}
    build = getattr(detection, architecture)
    network: Any = build(weights=None, weights_backbone=None, num_classes=classes, **sizes)
    disturb(network)
    whole: nn.Module = network.eval()
    return whole


@torch.no_grad()
def disturb(network: nn.Module) -> None:
    """Untrained, a RetinaNet finds nothing, and all norms are alike."""
    for name, module in network.named_modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
        elif name.endswith("classification_head.cls_logits"):
            nn.init.normal_(module.weight, std=0.05)
            nn.init.constant_(module.bias, -1.0)


def archive(folder: Path, network: nn.Module, architecture: str, **more: Any) -> Path:
    torch.save(network.state_dict(), folder / "model.pth")
    document = {
        "schema": "rehearsal.model/1", "architecture": architecture, "num_classes": 4,
        "labels": {"1": "cat", "2": "dog", "3": "cow"}, **(SIZES if architecture in RETINANETS else {}),
    }  # fmt: skip
    (folder / "model.json").write_text(json.dumps({**document, **more}))
    return folder


def found_in(folder: Path, batch: FrameBatch = PICTURES, *, score_threshold: float = 0.0) -> list[FrameDetections]:
    predictor, _ = load(folder, CPU, Settings(batch_size=2, precision=Precision.FP32))
    return predictor.detect(batch, score_threshold=score_threshold, with_masks=False)


@pytest.fixture(scope="module", params=NAMES)
def architecture(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def folder(architecture: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return archive(tmp_path_factory.mktemp(architecture), own(architecture), architecture)


def test_the_table_has_retinanet_and_ssd_in_every_version_of_torchvision() -> None:
    others = {name for name in ARCHITECTURES if name not in NAMES}
    assert {name for name in vars(detection) if name.startswith(("retinanet_", "ssd3", "ssdlite3"))} == set(NAMES)
    assert not others & set(NAMES)


def with_area(found: dict[str, torch.Tensor]) -> dict[str, Any]:
    """torchvision's answer without boxes that have no area, which it keeps at the picture's edge."""
    sides = found["boxes"][:, 2:] - found["boxes"][:, :2]
    return {name: each[(sides >= 0.01).all(dim=1)].numpy() for name, each in found.items()}


def test_every_bit_is_what_torchvisions_own_network_answers(architecture: str, folder: Path) -> None:
    expected = eager(own(architecture), PICTURES)
    for frame, wanted in zip(found_in(folder), map(with_area, expected), strict=True):
        assert len(frame) > 5
        assert np.array_equal(frame.boxes, wanted["boxes"])
        assert np.array_equal(frame.scores, wanted["scores"])
        assert np.array_equal(frame.label_ids, wanted["labels"])
        assert frame.masks is None


def test_the_reference_of_parity_is_the_same_network(architecture: str, folder: Path) -> None:
    reference, labels, _ = worker._network(folder)
    assert labels == {1: "cat", 2: "dog", 3: "cow"}
    for frame, found in zip(found_in(folder), eager(reference.cpu(), PICTURES), strict=True):
        wanted = worker._detections(found, labels, (1.0, 1.0))
        assert frame.boxes.tolist() == [each["box"] for each in wanted]


@pytest.mark.parametrize(("side", "count"), [(0.0, 1), (0.009, 1), (0.02, 2)])
def test_a_box_without_area_is_left_out_by_the_handler_and_by_the_reference(side: float, count: int) -> None:
    """torchvision leaves such at the picture's edge; nothing can be matched with them."""
    boxes = torch.tensor([[5.0, 5.0, 9.0, 9.0], [30.0, 5.0, 30.0 + side, 9.0]])
    found = {"boxes": boxes, "scores": torch.tensor([0.9, 0.8]), "labels": torch.tensor([1, 2])}
    assert len(detector._frame_detections(PICTURES, 0, found, 0.5)) == count
    assert len(worker._detections(found, {1: "cat", 2: "dog"}, (1.0, 1.0))) == count


def test_the_best_come_first_and_the_threshold_is_kept(folder: Path) -> None:
    whole = found_in(folder)[0]
    assert np.all(np.diff(whole.scores) <= 0)
    middle = float(np.median(whole.scores))
    kept = found_in(folder, score_threshold=middle)[0]
    assert 0 < len(kept) == int((whole.scores >= np.float32(middle)).sum()) < len(whole)


def test_boxes_are_in_pixels_of_the_source(folder: Path) -> None:
    seen, doubled = found_in(folder)[0], found_in(folder, batch_of(2, source=(320, 360)))[0]
    np.testing.assert_allclose(doubled.boxes, seen.boxes * [2, 3, 2, 3], rtol=1e-6)


@pytest.mark.parametrize("size", [(None, None), (80, 60)])
def test_pictures_may_be_prepared_on_the_device(
    size: tuple[int | None, int | None], folder: Path, clips: ClipMaker
) -> None:
    """From the decoder's own planes, as a GPU does by default."""
    pytest.importorskip("av")
    body = clips.whole("h264.mp4").read_bytes()
    asked = Settings(score_threshold=0.25, batch_size=3, frame_interval=20, frame_width=size[0], frame_height=size[1])
    found = []
    for prepared in (Prepared.DEVICE, Prepared.HOST):
        service = pipeline.load(folder, replace(asked, prepared=prepared))
        assert service.as_planes == (prepared is Prepared.DEVICE)
        answer, _ = pipeline.respond(service, Request(body, "video/mp4"))
        found.append([each["detections"] for each in json.loads(answer)["frames"]])
    by_device, by_host = (np.array([each["box"] for frame in frames for each in frame]) for frames in found)
    assert len(by_device) == len(by_host) > 0
    assert np.abs(by_device - by_host).max() <= 2e-3


def test_a_request_for_masks_is_refused(folder: Path) -> None:
    predictor, _ = load(folder, CPU, Settings())
    with pytest.raises(BadParameter, match="boxes alone; ask for masks=none"):
        predictor.detect(PICTURES, score_threshold=0.5, with_masks=True)


def test_a_shortage_of_memory_halves_the_batch_and_loses_no_frame(folder: Path, caplog: Any) -> None:
    predictor, _ = load(folder, CPU, Settings())
    backbone: Any = predictor._network.backbone  # type: ignore[attr-defined]
    expected = predictor.detect(batch_of(3), score_threshold=0.0, with_masks=False)
    with caplog.at_level(logging.WARNING):
        handle = backbone.register_forward_pre_hook(short_of(2))
        found = predictor.detect(batch_of(3), score_threshold=0.0, with_masks=False)
    assert "with 3 frames of 160 x 120 pixels at once; going on with 1" in caplog.text
    assert [frame.frame_index for frame in found] == [0, 5, 10]
    for frame, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.sort(frame.scores), np.sort(wanted.scores), atol=1e-5)
    handle.remove()
    backbone.register_forward_pre_hook(short_of(1))
    with pytest.raises(OutOfMemory, match="lower FRAME_WIDTH"):
        predictor.detect(PICTURES, score_threshold=0.0, with_masks=False)


def short_of(too_many: int) -> Callable[[nn.Module, tuple[torch.Tensor]], None]:
    def hook(_: nn.Module, given: tuple[torch.Tensor]) -> None:
        if len(given[0]) >= too_many:
            raise torch.OutOfMemoryError("Tried to allocate 2.00 GiB")

    return hook


def test_pictures_are_normalised_where_they_lie(folder: Path) -> None:
    """As torchvision would, bit by bit: two copies of the largest picture there may be are 1.6 GB."""
    predictor, _ = load(folder, CPU, Settings())
    transform: Any = predictor._network.transform  # type: ignore[attr-defined]
    picture = torch.rand(3, 40, 30, generator=torch.Generator().manual_seed(1))
    expected = type(transform).normalize(transform, picture)
    assert torch.equal(transform.normalize(picture), expected)
    assert torch.equal(picture, expected)


def thin() -> FrameBatch:
    return FrameBatch(np.zeros((1, 1, 2000, 3), np.uint8), (0,), (0.0,), 2000, 1)


def test_a_picture_too_thin_is_refused_where_the_aspect_is_kept(architecture: str, folder: Path) -> None:
    if architecture in RETINANETS:
        with pytest.raises(UnreadableMedia, match="2000 x 1 are too thin"):
            found_in(folder, thin())
    else:
        assert len(found_in(folder, thin())) == 1


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("forward", Forward.GRAPH, "FORWARD=graph is not used by ssd300_vgg16: it takes torchvision's own steps"),
        ("precision", Precision.FP16, "PRECISION=fp16 is not used by ssd300_vgg16: it computes in float32"),
        ("compiled", Compiled.BACKBONE, "COMPILED=backbone is not used by ssd300_vgg16: only the backbone"),
    ],
)
def test_a_setting_that_is_not_used_is_told_at_load(
    setting: str, value: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    monkeypatch.setenv(setting.upper(), value)
    with caplog.at_level(logging.INFO):
        service = inference.model_fn(str(archive(tmp_path, own("ssd300_vgg16"), "ssd300_vgg16")))
    (told,) = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert told.startswith(reason)
    assert "precision=fp32 compiled=none forward=plain kernels=none" in caplog.text
    assert getattr(service.settings, setting) != value


def test_the_defaults_are_settled_without_a_word(folder: Path, caplog: Any) -> None:
    used = settled(folder, Settings())
    assert (used.precision, used.forward) == (Precision.FP32, Forward.PLAIN)
    assert caplog.text == ""


def epsilons(network: nn.Module) -> set[float]:
    return {each.eps for each in network.modules() if isinstance(each, nn.BatchNorm2d)}


@pytest.mark.parametrize(
    ("name", "more", "eps"),
    [
        ("retinanet_resnet50_fpn", {}, {1e-5}),
        ("retinanet_resnet50_fpn", {"batch_norm_eps": 0.0}, {0.0}),
        ("retinanet_resnet50_fpn_v2", {}, {1e-5}),
        ("ssd300_vgg16", {}, set()),
        (SSDLITE, {}, {1e-3}),
    ],
)
def test_norms_have_torchvisions_epsilon_or_the_specifications(
    name: str, more: dict[str, Any], eps: set[float], tmp_path: Path
) -> None:
    network, _ = load_network(archive(tmp_path, own(name), name, **more))
    assert epsilons(network) == eps


@pytest.mark.parametrize(("name", "eps"), [("retinanet_resnet50_fpn", 0.0), ("retinanet_resnet50_fpn_v2", 1e-5)])
def test_coco_labels_mean_the_epsilon_that_torchvision_sets_for_its_coco_weights(
    name: str, eps: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = {str(index): label for index, label in coco_labels().items()}
    folder = archive(tmp_path, own(name, 91), name, num_classes=91, labels=labels)
    assert epsilons(load_network(folder)[0]) == {eps}
    monkeypatch.setattr(worker, "_has_digest_of", lambda *_: True)
    assert epsilons(worker._network(folder)[0]) == {eps}


def test_a_retinanet_may_have_a_class_0(tmp_path: Path) -> None:
    name = "retinanet_resnet50_fpn"
    labels = {"0": "cat", "1": "dog", "2": "cow", "3": "hen"}
    _, spec = load_network(archive(tmp_path, own(name), name, labels=labels))
    assert spec.labels[0] == "cat"


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        ("ssd300_vgg16", {"min_size": 300}, "takes no min_size: it scales every picture to 300 x 300 pixels"),
        (SSDLITE, {"max_size": 640}, "takes no max_size: it scales every picture to 320 x 320 pixels"),
        ("ssd300_vgg16", {"batch_norm_eps": 0.0}, "takes no batch_norm_eps: it has no batch norms"),
        (SSDLITE, {"batch_norm_eps": 0.0}, "takes no batch_norm_eps: torchvision builds and trains it with 0.001"),
        ("retinanet_resnet50_fpn", {"reduced_tail": False}, "takes no reduced_tail"),
        (SSDLITE, {"reduced_tail": "no"}, "reduced_tail must be true or false, not 'no'"),
        ("ssd300_vgg16", {"labels": {"0": "x", "1": "cat", "2": "dog", "3": "cow"}}, "every class from 1 to 3"),
        ("retinanet_resnet50_fpn", {"min_size": 200, "max_size": 100}, "got 200 and 100"),
    ],
)
def test_a_key_that_means_nothing_is_refused(name: str, more: dict[str, Any], message: str, tmp_path: Path) -> None:
    folder = archive(tmp_path, own(name), name, **more)
    with pytest.raises(ModelArtifactError, match=message):
        load_network(folder)


def with_whole_tail() -> nn.Module:
    """As torchvision builds it on ImageNet's weights, which are not to be had here: other values, the same sizes."""
    network = worker._built(SSDLITE, {"num_classes": 4, "reduced_tail": False})
    disturb(network)
    whole: nn.Module = network.eval()
    return whole


def test_an_ssdlite_trained_on_imagenets_backbone_has_the_whole_tail(tmp_path: Path) -> None:
    network = with_whole_tail()
    folder = archive(tmp_path, network, SSDLITE, reduced_tail=False)
    for frame, wanted in zip(found_in(folder), map(with_area, eager(network, PICTURES)), strict=True):
        assert np.array_equal(frame.boxes, wanted["boxes"])
    archive(tmp_path, network, SSDLITE)
    with pytest.raises(ModelArtifactError, match=r"num_classes = 4 and reduced_tail = True.*architecture, num_classes"):
        load_network(folder)
