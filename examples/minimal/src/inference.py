"""The four functions that SageMaker's PyTorch container calls. Put your model's own work into them.

Here a linear model of two numbers stands in: {"rows": [[1, 2]]} becomes {"predictions": [9.0]}.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from sagemaker_inference.errors import BaseInferenceToolkitError


def model_fn(model_dir: str) -> torch.nn.Module:
    """Called once, when the worker starts. `model_dir` holds what `[model] data` in rehearsal.toml names."""
    parameters = json.loads((Path(model_dir) / "parameters.json").read_text(encoding="utf-8"))
    model = torch.nn.Linear(2, 1)
    model.load_state_dict({name: torch.tensor(values) for name, values in parameters.items()})
    return model.eval()


def input_fn(body: str | bytearray, content_type: str) -> torch.Tensor:
    """The request as a tensor (rows, 2). What cannot be read is the client's fault: 400, with a reason."""
    if content_type.partition(";")[0].strip() != "application/json":
        raise _wrong(415, f"content type {content_type}: send application/json")
    try:
        rows = torch.tensor(json.loads(body)["rows"], dtype=torch.float32)
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise _wrong(400, f'not {{"rows": [[1, 2], ...]}}: {error!r}') from error
    if rows.ndim != 2 or rows.shape[1] != 2 or not len(rows):
        raise _wrong(400, f"rows has the shape {tuple(rows.shape)}: it must be (N, 2)")
    return rows


def predict_fn(rows: torch.Tensor, model: torch.nn.Module) -> torch.Tensor:
    """One number a row."""
    with torch.inference_mode():
        return model(rows)[:, 0]


def output_fn(predictions: torch.Tensor, accept: str) -> tuple[str, str]:
    """The body of the answer, and its content type."""
    return json.dumps({"predictions": predictions.tolist()}), "application/json"


def _wrong(status: int, message: str) -> BaseInferenceToolkitError:
    return BaseInferenceToolkitError(status, message, message)
