"""Classifies a picture: a JPEG or PNG, or JSON with one in base64, becomes the most probable ImageNet labels.

The four functions that SageMaker's PyTorch container calls. A wrong request is answered with 400 and a reason.
"""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from network import IMAGE_SIZE, EfficientNetLite0
from PIL import Image, UnidentifiedImageError
from sagemaker_inference.errors import BaseInferenceToolkitError

LABELS_SHOWN = 5


def model_fn(model_dir: str) -> dict[str, Any]:
    """Load the weights and labels from the archive's root, once, when the worker starts."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = EfficientNetLite0()
    weights = torch.load(Path(model_dir) / "efficientnet-lite0.pth", map_location="cpu", weights_only=True)
    network.load_state_dict(weights)
    labels = (Path(model_dir) / "labels.txt").read_text(encoding="utf-8").splitlines()
    return {"network": network.to(device).eval(), "labels": labels, "device": device}


def input_fn(body: bytearray | str, content_type: str) -> dict[str, Any]:
    """The picture, (1, 3, 224, 224) float32, and how many labels are wanted."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind in ("image/jpeg", "image/png"):
        return {"picture": _picture(body), "top_k": LABELS_SHOWN}
    if kind == "application/json":
        return _from_json(body)
    raise _wrong(415, f"content type {content_type}: send image/jpeg, image/png or application/json")


def predict_fn(request: dict[str, Any], model: dict[str, Any]) -> list[dict[str, Any]]:
    """The labels with the highest probabilities, the best first."""
    with torch.inference_mode():
        probabilities = model["network"](request["picture"].to(model["device"])).softmax(dim=1)[0].cpu()
    scores, classes = probabilities.topk(request["top_k"])
    return [
        {"label": model["labels"][index], "class": index, "probability": round(score, 6)}
        for score, index in zip(scores.tolist(), classes.tolist(), strict=True)
    ]


def output_fn(labels: list[dict[str, Any]], accept: str) -> tuple[bytes, str]:
    """JSON, whatever else may be accepted too; 406 where JSON is not."""
    if accept and not any(each in accept for each in ("application/json", "*/*", "application/*")):
        raise _wrong(406, f"accept {accept}: the answer is application/json")
    return json.dumps({"label": labels[0]["label"], "top": labels}).encode(), "application/json"


def _from_json(body: bytearray | str) -> dict[str, Any]:
    try:
        asked = json.loads(body)
        picture = base64.b64decode(asked["image"], validate=True)
        top_k = int(asked.get("top_k", LABELS_SHOWN))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _wrong(400, f'not {{"image": "<base64>", "top_k": 5}}: {error!r}') from error
    if not 1 <= top_k <= 1000:
        raise _wrong(400, f"top_k is {top_k}: it must be 1 to 1000")
    return {"picture": _picture(picture), "top_k": top_k}


def _picture(data: bytes | bytearray) -> torch.Tensor:
    """The middle square, seven eighths of the shorter side, at 224 x 224."""
    try:
        image = Image.open(io.BytesIO(data)).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise _wrong(400, f"this is no picture that can be read: {error}") from error
    side = min(image.size) * IMAGE_SIZE / (IMAGE_SIZE + 32)
    left, top = ((length - side) / 2 for length in image.size)
    square = image.resize((IMAGE_SIZE, IMAGE_SIZE), Image.Resampling.BICUBIC, (left, top, left + side, top + side))
    values = (np.asarray(square, dtype=np.float32) - 127) / 128
    return torch.from_numpy(values.transpose(2, 0, 1).copy())[None]


def _wrong(status: int, message: str) -> BaseInferenceToolkitError:
    return BaseInferenceToolkitError(status, message, message)
