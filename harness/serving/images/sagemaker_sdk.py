"""The SageMaker SDK's modules, imported when needed and quietly. They are only read; no call to AWS is made.

Importing `sagemaker.core` takes seconds, compiles files that warn, and logs where it looked for settings.
"""

from __future__ import annotations

import importlib
import logging
import warnings
from types import ModuleType


def sdk(name: str) -> ModuleType:
    """`sdk("image_uris")` is `sagemaker.core.image_uris`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = importlib.import_module(f"sagemaker.core.{name}")
    for logger in ("sagemaker", "sagemaker.config"):  # the import itself sets their levels
        logging.getLogger(logger).setLevel(logging.ERROR)
    return module
