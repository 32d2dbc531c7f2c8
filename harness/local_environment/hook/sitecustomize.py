"""Keeps a Python program away from AWS while a local AWS stands in for it. Python imports this file as it starts.

Variables point botocore at the local AWS, but a program may name an address of AWS itself, and the variables are not
asked then: SageMaker's Python SDK 2 does so for STS (`sagemaker/session.py`). So botocore's clients are made with the
local address instead of any address of AWS. Nothing is imported before the program imports botocore, and a
`sitecustomize` of the user's own runs all the same.

Only the standard library, and nothing of ours: it runs in the program's own environment. It is never imported here.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_PATCHED = "botocore.client"
_AWS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws")


class _Finder:
    """Finds botocore's module as ever, and changes it once it is loaded."""

    def find_spec(self, name: str, _: Any = None, __: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name != _PATCHED:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module
            setattr(spec.loader, "exec_module", lambda module: _pin(execute, module))  # noqa: B010  the loader's own name
        return spec


def _pin(execute: Callable[[Any], None], module: Any) -> None:
    execute(module)
    creator = module.ClientCreator
    create = creator.create_client

    def create_client(self: Any, *arguments: Any, **named: Any) -> Any:
        """botocore's session gives all arguments by name."""
        if "endpoint_url" in named:
            named["endpoint_url"] = _local(named["endpoint_url"], named.get("service_name", ""))
        return create(self, *arguments, **named)

    creator.create_client = create_client


def _local(endpoint_url: str | None, service_name: str) -> str | None:
    host = urlsplit(endpoint_url or "").hostname or ""
    if not host.endswith(_AWS):
        return endpoint_url
    variable = "AWS_ENDPOINT_URL_" + service_name.upper().replace("-", "_")
    return os.environ.get(variable) or os.environ["AWS_ENDPOINT_URL"]


def _run_the_users_own() -> None:
    here = Path(__file__).resolve().parent
    elsewhere = [folder for folder in sys.path if Path(folder or ".").resolve() != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", elsewhere)
    if spec is not None and spec.loader is not None:
        module = importlib.util.module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


sys.meta_path.insert(0, _Finder())
_run_the_users_own()
