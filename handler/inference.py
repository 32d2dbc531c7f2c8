"""Defines the two functions that SageMaker's PyTorch container calls, and nothing else: the work is in `detector`.

The toolkit counts parameters to decide whether to pass its context, so the signatures are part of the contract
(`Transformer._run_handler_function` in sagemaker_inference): one more than the bare call means "with the context".
"""

from __future__ import annotations

from pathlib import Path

from detector.core import settings
from detector.io import toolkit
from detector.pipeline import Request, Service, load, respond


def model_fn(model_dir: str, context: toolkit.Context | None = None) -> Service:
    """Called once, when the worker starts; an error here leaves the worker unhealthy and its text in the log."""
    return load(Path(model_dir), settings.from_environment(), toolkit.gpu_index(context))


def transform_fn(
    model: Service,
    body: bytes | bytearray,
    content_type: str | None,
    accept: str | None,
    context: toolkit.Context | None = None,
) -> tuple[bytes, str]:
    """Called for every request; answers the body and its content type, or raises `DetectorError` without a context."""
    attributes = toolkit.custom_attributes(context)
    return toolkit.answered(context, lambda: respond(model, Request(body, content_type, accept, attributes)))
