"""Reads what the serving stack was told about workers, which are processes that share this machine's cores.

Owns: the stack's environment variables for workers and threads, and their precedence. May not: count cores.

Sources, for TorchServe 0.12.0 under sagemaker-pytorch-inference 2.0.25: the toolkit writes a block for the model, with
one worker unless told otherwise, as soon as any of five SAGEMAKER_TS_* variables is set (`torchserve.py` and
`ts_environment.py`), and that block wins; else TS_DEFAULT_WORKERS_PER_MODEL replaces what the toolkit wrote from
SAGEMAKER_MODEL_SERVER_WORKERS (`enable_envvars_config=true` in its `default-ts.properties`); else TorchServe starts a
worker a GPU, or a worker a core (`ConfigManager.getDefaultWorkers`). All of it reaches every worker's environment.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import PurePath

_MODEL_BLOCK = (
    "SAGEMAKER_TS_BATCH_SIZE",
    "SAGEMAKER_TS_MAX_BATCH_DELAY",
    "SAGEMAKER_TS_MIN_WORKERS",
    "SAGEMAKER_TS_MAX_WORKERS",
    "SAGEMAKER_TS_RESPONSE_TIMEOUT",
)
_WORKER_PROGRAM = "model_service_worker.py"


def told_workers(environment: Mapping[str, str] = os.environ) -> int | None:
    """The number of workers that the server was told to start; None where it decides by itself."""
    if any(name in environment for name in _MODEL_BLOCK):
        return _count(environment.get("SAGEMAKER_TS_MIN_WORKERS", "1"))
    named = (environment.get(name) for name in ("TS_DEFAULT_WORKERS_PER_MODEL", "SAGEMAKER_MODEL_SERVER_WORKERS"))
    return next(filter(None, map(_count, named)), None)


def told_threads(environment: Mapping[str, str] = os.environ) -> int | None:
    """The operator's own number of threads for the network, OMP_NUM_THREADS; a list's first entry counts."""
    return _count(environment.get("OMP_NUM_THREADS", "").partition(",")[0])


def is_torchserve_worker(arguments: Sequence[str] = sys.argv) -> bool:
    """Whether this process is one of TorchServe's workers, by the program that it runs."""
    return bool(arguments) and PurePath(arguments[0]).name == _WORKER_PROGRAM


def _count(text: str | None) -> int | None:
    """A whole number above 0; None for anything else, which the server or OpenMP refuses or ignores itself."""
    stripped = (text or "").strip()
    return int(stripped) or None if stripped.isascii() and stripped.isdigit() else None
