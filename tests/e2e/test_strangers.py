"""Handlers written the way strangers write them: `harness init` and `harness validate`, and no handler is touched.

Each is a folder as it was before this tool: its layout, its weights, its habits.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from deploy.core.digests import digest_of_file
from tests.e2e.test_examples import harness

pytestmark = pytest.mark.e2e

TRIO = """
import io, json, os
import numpy as np, torch
from PIL import Image

def model_fn(model_dir):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = torch.nn.Linear(3, 2)
    model.load_state_dict(torch.load(os.path.join(model_dir, "model.pth"), map_location=device))
    return model.to(device).eval()

def input_fn(request_body, request_content_type):
    if request_content_type == "image/jpeg":
        picture = np.asarray(Image.open(io.BytesIO(request_body)).convert("RGB"), dtype=np.float32)
        return torch.from_numpy(picture.mean(axis=(0, 1)))[None]
    raise ValueError("Unsupported content type: " + request_content_type)

def predict_fn(input_data, model):
    with torch.no_grad():
        return model(input_data).argmax(1)

def output_fn(prediction, accept):
    return json.dumps({"label": int(prediction[0])})
"""

# A sibling beside it, the model in a folder of its own inside the archive, an npy answer, the type ignored.
TRANSFORM = """
import io
import numpy as np
from helpers import load

def model_fn(model_dir):
    return load(model_dir)

def transform_fn(model, data, input_content_type, output_content_type):
    rows = np.load(io.BytesIO(data))
    answer = io.BytesIO()
    np.save(answer, rows @ model)
    return answer.getvalue(), "application/x-npy"
"""
HELPERS = """
import os
import numpy as np

def load(model_dir):
    return np.load(os.path.join(model_dir, "my-matrix", "matrix.npz"))["matrix"]
"""

# model.pth beside inference.py, as in the container's own model folder; the container decodes and encodes.
MODEL_ONLY = """
import os, torch

def model_fn(model_dir):
    return torch.jit.load(os.path.join(model_dir, "scripted.pt"))
"""

# JSON with a picture in base64; a whole pickled module, which torch 2.6 loads only when it is told to.
BASE64 = """
import base64, io, json, os
import torch
from PIL import Image

def model_fn(model_dir):
    return torch.load(os.path.join(model_dir, "net.pt"), weights_only=False)

def input_fn(data, content_type):
    assert content_type == "application/json"
    picture = Image.open(io.BytesIO(base64.b64decode(json.loads(data)["image"]))).convert("L")
    return torch.tensor([[float(sum(picture.tobytes()) % 255)]])

def predict_fn(data, model):
    return model(data).tolist()

def output_fn(prediction, accept):
    if accept != "application/json":
        raise ValueError("accept " + accept)
    return json.dumps(prediction), accept
"""


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def picture(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (32, 24), (200, 100, 50)).save(path)


def trio(at: Path) -> None:
    write(at / "code" / "inference.py", TRIO)
    (at / "model").mkdir()
    torch.save(torch.nn.Linear(3, 2).state_dict(), at / "model" / "model.pth")
    picture(at / "images" / "red.jpg")


def transform(at: Path) -> None:
    write(at / "src" / "serve.py", TRANSFORM)
    write(at / "src" / "helpers.py", HELPERS)
    (at / "artifacts" / "my-matrix").mkdir(parents=True)
    np.savez(at / "artifacts" / "my-matrix" / "matrix.npz", matrix=np.eye(3, dtype=np.float32))
    (at / "samples").mkdir()
    np.save(at / "samples" / "rows.npy", np.ones((2, 3), dtype=np.float32))


def model_only(at: Path) -> None:
    write(at / "inference.py", MODEL_ONLY)
    torch.jit.script(torch.nn.Linear(2, 1)).save(str(at / "scripted.pt"))  # type: ignore[no-untyped-call]
    write(at / "sample_request.json", "[[1.0, 2.0]]")


def without_model_fn(at: Path) -> None:
    write(
        at / "code" / "inference.py",
        'def output_fn(prediction, accept):\n    return str(prediction.shape), "text/plain"\n',
    )
    (at / "model").mkdir()
    torch.jit.script(torch.nn.Linear(2, 1)).save(str(at / "model" / "model.pt"))  # type: ignore[no-untyped-call]
    write(at / "test_data" / "rows.json", "[[1.0, 2.0], [3.0, 4.0]]")


def base64_of_a_pickled_module(at: Path) -> None:
    write(at / "model" / "code" / "inference.py", BASE64)
    torch.save(torch.nn.Linear(1, 1), at / "model" / "net.pt")
    picture(at / "red.png")
    image = base64.b64encode((at / "red.png").read_bytes()).decode()
    write(at / "payload.json", json.dumps({"image": image}))


@dataclass(frozen=True)
class Stranger:
    make: Callable[[Path], None]
    answers: str
    """The content type of the good answer."""


STRANGERS: Mapping[str, Stranger] = {
    "the trio": Stranger(trio, "application/json"),
    "transform_fn": Stranger(transform, "application/x-npy"),
    "model_fn alone": Stranger(model_only, "application/json"),
    "no model_fn": Stranger(without_model_fn, "text/plain"),
    "base64 and a pickled module": Stranger(base64_of_a_pickled_module, "application/json"),
}


@pytest.mark.parametrize("stranger", STRANGERS.values(), ids=STRANGERS)
def test_init_and_validate_are_green(stranger: Stranger, tmp_path: Path) -> None:
    stranger.make(tmp_path)
    before = {path: digest_of_file(path) for path in tmp_path.rglob("*") if path.is_file()}
    made = harness(tmp_path, "init")
    assert made.exit_code == 0, made.stderr
    assert made.stdout.splitlines()[-1] == "Next: harness validate", made.stdout
    ran = harness(tmp_path, "validate", "--runtime", "process")
    assert ran.exit_code == 0, ran.stdout + ran.stderr
    assert "completed" in {case.outcome for case in ran.report.cases}
    assert {path: digest_of_file(path) for path in before} == before
