"""Finds faces: a JPEG or PNG becomes five pictures side by side in one npy array, or JSON with the faces.

The four functions that SageMaker's PyTorch container calls. A wrong request is answered with 400 and a reason.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from facenet_pytorch import MTCNN
from pictures import side_by_side
from PIL import Image, ImageOps, UnidentifiedImageError
from sagemaker_inference.errors import BaseInferenceToolkitError

NETWORKS = ("pnet", "rnet", "onet")
LARGEST_SIDE = 1024
MOST_PIXELS = 50_000_000
# The smallest face that MTCNN looks for; of a smaller picture it makes no pyramid.
SMALLEST_FACE = 20


def model_fn(model_dir: str) -> MTCNN:
    """Load the three networks from the archive's root, once, when the worker starts."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    detector = MTCNN(keep_all=True, min_face_size=SMALLEST_FACE, device=device)
    for name in NETWORKS:
        weights = torch.load(Path(model_dir) / f"{name}.pt", map_location=device, weights_only=True)
        getattr(detector, name).load_state_dict(weights)
    return detector.eval()


def input_fn(body: bytearray, content_type: str) -> Image.Image:
    """The picture as it is shown, RGB, at most 1024 pixels wide and high."""
    if content_type.partition(";")[0].strip().lower() not in ("image/jpeg", "image/png"):
        raise _wrong(415, f"content type {content_type}: send image/jpeg or image/png")
    try:
        image = Image.open(io.BytesIO(body))
        if image.width * image.height > MOST_PIXELS:
            raise _wrong(400, f"a picture of {image.width} x {image.height} has more than {MOST_PIXELS} pixels")
        shown = ImageOps.exif_transpose(image).convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _wrong(400, f"this is no picture that can be read: {error}") from error
    shown.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    return shown


def predict_fn(picture: Image.Image, detector: MTCNN) -> dict[str, Any]:
    """The picture, and its faces: the largest first, boxes and points in its pixels."""
    if min(picture.size) < SMALLEST_FACE:
        return {"picture": picture, "faces": []}
    boxes, probabilities, points = detector.detect(picture, landmarks=True)
    found = () if boxes is None else zip(boxes, probabilities, points, strict=True)
    faces = [
        {
            "box": [round(float(side), 2) for side in box],
            "probability": round(float(probability), 6),
            "points": [[round(float(at), 2) for at in point] for point in of_face],
        }
        for box, probability, of_face in found
    ]
    return {"picture": picture, "faces": faces}


def output_fn(found: dict[str, Any], accept: str) -> tuple[bytes, str]:
    """(H, 5 W, 3) uint8, or the faces as JSON where that is asked for; 406 where neither is accepted."""
    wanted = [each.partition(";")[0].strip().lower() for each in accept.split(",")]
    if "application/x-npy" in wanted or "*/*" in wanted:
        file = io.BytesIO()
        np.save(file, side_by_side(found["picture"], found["faces"]), allow_pickle=False)
        return file.getvalue(), "application/x-npy"
    if "application/json" in wanted:
        width, height = found["picture"].size
        return json.dumps({"width": width, "height": height, "faces": found["faces"]}).encode(), "application/json"
    raise _wrong(406, f"accept {accept}: the answer is application/x-npy or application/json")


def _wrong(status: int, message: str) -> BaseInferenceToolkitError:
    return BaseInferenceToolkitError(status, message, message)
