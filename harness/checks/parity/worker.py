"""The program that answers one clip: `worker.py (handler|torchvision) REQUEST.json`. The harness never imports it.

The request names the unpacked archive, the clip, where the answer goes, and for `torchvision` which frames are wanted.
`handler` calls the archive's own `model_fn` and `transform_fn`; `torchvision` reads the same weights, decodes every
frame with OpenCV, and runs the network as torchvision builds and ships it: eager, float32, a list of float pictures in.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

# torchvision sets the epsilon of these to 0.0 when it loads its COCO_V1 weights (`overwrite_eps`).
_EPS_CHANGED_FOR_COCO = ("maskrcnn_resnet50_fpn", "fasterrcnn_resnet50_fpn", "retinanet_resnet50_fpn")

# torchvision drops smaller boxes of its Faster R-CNN (`remove_small_boxes`), and keeps those of RetinaNet and SSD.
_LEAST_SIDE_PIXELS = 0.01


def main(mode: str, request_path: str) -> None:
    request: dict[str, Any] = json.loads(Path(request_path).read_text(encoding="utf-8"))
    sys.path.insert(0, str(Path(request["model_dir"], "code")))
    answer = _handler(request) if mode == "handler" else json.dumps(_torchvision(request)).encode()
    Path(request["answer"]).write_bytes(answer)


def _handler(request: dict[str, Any]) -> bytes:
    module = import_module(os.environ.get("SAGEMAKER_PROGRAM", "inference.py").removesuffix(".py"))
    service = module.model_fn(request["model_dir"])
    body = Path(request["clip"]).read_bytes()
    answer, _ = module.transform_fn(service, body, request["content_type"], "application/json")
    return bytes(answer)


def _torchvision(request: dict[str, Any]) -> dict[str, Any]:
    import torch

    torch.backends.cudnn.allow_tf32 = False
    network, labels, device = _network(Path(request["model_dir"]))
    frames, size = [], (0, 0)
    for index, picture in _pictures(request["clip"], set(request["frame_indices"])):
        size = (picture.shape[1], picture.shape[0])
        given = _scaled(picture, request["frame_width"], request["frame_height"])
        tensor = torch.from_numpy(given).permute(2, 0, 1).to(device).to(torch.float32) / 255
        with torch.no_grad():
            found = network([tensor])[0]
        scale = (size[0] / given.shape[1], size[1] / given.shape[0])
        frames.append({"frame_index": index, "pts_seconds": 0.0, "detections": _detections(found, labels, scale)})
    return {
        "schema": "rehearsal.predictions/1",
        "video": {"width": size[0], "height": size[1]},
        "labels": {str(label_id): name for label_id, name in labels.items()},
        "settings": {},
        "frames": frames,
    }


def _network(model_dir: Path) -> tuple[Any, dict[int, str], Any]:
    """torchvision's own network with the archive's weights, the label names, and the device that it is on."""
    import torch

    weights = model_dir / "model.pth"
    spec = _spec(model_dir / "model.json")
    network = _by_torchvision(spec, weights) or _by_the_handler(model_dir)
    network.load_state_dict(torch.load(weights, map_location="cpu", weights_only=True))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    labels = {int(index): name for index, name in spec["labels"].items()}
    return network.float().eval().to(device), labels, device


def _spec(path: Path) -> dict[str, Any]:
    """The file, or what its absence means: torchvision's COCO Mask R-CNN."""
    from torchvision.models.detection import MaskRCNN_ResNet50_FPN_Weights

    if path.exists():
        document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return document
    categories = MaskRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"]
    labels = {str(index): name for index, name in enumerate(categories) if index}
    return {"architecture": "maskrcnn_resnet50_fpn", "num_classes": len(categories), "labels": labels}


def _by_torchvision(spec: dict[str, Any], weights: Path) -> Any | None:
    """The network of torchvision's constructor of this name; None where there is none.

    Nothing here is taken from the handler, so that what its own construction has wrong is seen.
    """
    from torchvision.models import detection

    if not hasattr(detection, spec["architecture"]):
        return None
    network = _built(spec["architecture"], spec)
    eps = spec.get("batch_norm_eps", 0.0 if _are_of_torchvision(weights, spec["architecture"]) else None)
    if eps is not None:
        _set_batch_norm_eps(network, float(eps))
    return network


def _built(architecture: str, spec: dict[str, Any]) -> Any:
    from torchvision.models import MobileNet_V3_Large_Weights, detection

    sizes = {name: spec[name] for name in ("min_size", "max_size") if name in spec}
    build, count = getattr(detection, architecture), spec["num_classes"]
    if spec.get("reduced_tail", True):
        return build(weights=None, weights_backbone=None, num_classes=count, **sizes)
    # With these torchvision makes the whole tail of SSDlite's MobileNet. The archive's weights replace them.
    with _nothing_loaded():
        return build(weights=None, weights_backbone=MobileNet_V3_Large_Weights.IMAGENET1K_V1, num_classes=count)


@contextmanager
def _nothing_loaded() -> Iterator[None]:
    """Networks are made for pretrained weights, and neither download nor load them."""
    from torch import nn
    from torchvision.models import WeightsEnum

    before = nn.Module.load_state_dict, WeightsEnum.get_state_dict
    try:
        nn.Module.load_state_dict = lambda *_, **__: None  # type: ignore[method-assign]
        WeightsEnum.get_state_dict = lambda *_, **__: {}
        yield
    finally:
        nn.Module.load_state_dict, WeightsEnum.get_state_dict = before  # type: ignore[method-assign]


def _are_of_torchvision(weights: Path, architecture: str) -> bool:
    """Whether the file is one of those whose batch norms torchvision changes when it loads them (COCO_V1).

    The names of its files end in the first digits of their sha256.
    """
    from torchvision.models import get_model_weights

    if architecture not in _EPS_CHANGED_FOR_COCO:
        return False
    return _has_digest_of(weights, get_model_weights(architecture).COCO_V1.url)


def _has_digest_of(weights: Path, url: str) -> bool:
    with weights.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return digest.startswith(url.rsplit("-", 1)[1].partition(".")[0])


def _set_batch_norm_eps(network: Any, eps: float) -> None:
    from torch import nn
    from torchvision.ops.misc import FrozenBatchNorm2d

    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d | FrozenBatchNorm2d):
            module.eps = eps


def _by_the_handler(model_dir: Path) -> Any:
    """An architecture that only the handler has, such as the small one of the known answer."""
    from detector import model

    return model.build_network(model.spec_in(model_dir))


def _pictures(clip: str, wanted: set[int]) -> Any:
    """The wanted frames as (index, RGB picture); every frame is decoded."""
    import cv2

    capture = cv2.VideoCapture(clip)
    for index in range(max(wanted, default=-1) + 1):
        read, picture = capture.read()
        if not read:
            break
        if index in wanted:
            yield index, cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
    capture.release()


def _scaled(picture: Any, width: int | None, height: int | None) -> Any:
    """The picture scaled by the handler's settings; where one side is not set, it follows from the aspect ratio."""
    import cv2

    own_height, own_width = picture.shape[:2]
    if not width and not height:
        return picture
    wide = width or max(1, round(own_width * (height or own_height) / own_height))
    high = height or max(1, round(own_height * (width or own_width) / own_width))
    smaller = wide * high < own_width * own_height
    return cv2.resize(picture, (wide, high), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)


def _detections(found: Any, labels: dict[int, str], scale: tuple[float, float]) -> list[dict[str, Any]]:
    """In pixels of the source; without boxes that have no area, which no box can be matched with."""
    columns = zip(found["boxes"].tolist(), found["labels"].tolist(), found["scores"].tolist(), strict=True)
    detections = [
        {
            "box": [x1 * scale[0], y1 * scale[1], x2 * scale[0], y2 * scale[1]],
            "label_id": label_id,
            "label": labels.get(label_id, str(label_id)),
            "score": score,
        }
        for (x1, y1, x2, y2), label_id, score in columns
    ]
    return [each for each in detections if _shorter_side(each["box"]) >= _LEAST_SIDE_PIXELS]


def _shorter_side(box: list[float]) -> float:
    return min(box[2] - box[0], box[3] - box[1])


if __name__ == "__main__":
    main(*sys.argv[1:])
