"""Makes folders as strangers have them: files by name, with their text."""

from __future__ import annotations

from pathlib import Path

TRIO = """
import io, os, torch
from PIL import Image

def model_fn(model_dir):
    return torch.load(os.path.join(model_dir, "net.pth"))

def input_fn(body, content_type):
    if content_type == "image/jpeg":
        return Image.open(io.BytesIO(body))
    raise ValueError(content_type)

def predict_fn(data, model):
    return model(data)

def output_fn(answer, accept):
    return str(answer), "application/json"
"""
TRANSFORM = "def transform_fn(model, body, content_type, accept):\n    return body, accept\n"
MODEL_ONLY = "def model_fn(model_dir):\n    return None\n"


def folder(root: Path, files: dict[str, str]) -> Path:
    """`root` with these files."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root
