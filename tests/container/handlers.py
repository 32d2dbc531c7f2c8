"""Handlers that do one thing each, and how they get into an archive and an instance."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

import httpx

from harness.serving.instances.runtime import Instance, InstanceSpec

ECHO = """
import os

def model_fn(model_dir):
    return model_dir

def transform_fn(model, data, content_type, accept):
    return f"{len(data)} bytes of {content_type}", "text/plain"
"""
TELLS_ITS_SURROUNDINGS = """
import json, os

def model_fn(model_dir):
    return model_dir

def transform_fn(model, data, content_type, accept):
    try:
        open(os.path.join(model, "written"), "w").close()
        writable = True
    except OSError:
        writable = False
    told = {"files": sorted(os.listdir(model)), "writable": writable, "environment": dict(os.environ)}
    return json.dumps(told), "application/json"
"""
IMPORTS_A_DECODER = """
import av

def model_fn(model_dir):
    return av

def transform_fn(model, data, content_type, accept):
    return model.VERSION, "text/plain"
"""
CANNOT_BE_IMPORTED = "import a_module_that_is_not_there\n"
EATS_MEMORY = """
def model_fn(model_dir):
    return None

def transform_fn(model, data, content_type, accept):
    eaten = [bytearray(64 * 2**20) for _ in range(64)]
    return str(len(eaten)), "text/plain"
"""
SLEEPS = """
import time

def model_fn(model_dir):
    return None

def transform_fn(model, data, content_type, accept):
    print(f"asked to sleep {data.decode()} s", flush=True)
    time.sleep(float(data))
    return "slept", "text/plain"
"""


def archive(handler: str, more: Mapping[str, bytes] | None = None) -> bytes:
    """A model.tar.gz; `more` are further files of `code/`."""
    code = {"inference.py": handler.encode(), **(more or {})}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, data in {"model.pth": b"no weights", **{f"code/{name}": data for name, data in code.items()}}.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return packed.getvalue()


def spec(work: Path, model_data_url: str | None, **environment: str) -> InstanceSpec:
    return InstanceSpec(
        instance_id=work.name,
        endpoint_name="detector",
        variant_name="AllTraffic",
        image="example/absent:1.0",
        model_data_url=model_data_url,
        environment=environment,
        work_dir=work,
        log_path=work.with_suffix(".log"),
        startup_timeout_seconds=120.0,
    )


def invoke(instance: Instance, body: bytes = b"", timeout_seconds: float = 60.0) -> httpx.Response:
    headers = {"Content-Type": "video/mp4"}
    with httpx.Client(trust_env=False) as client:
        return client.post(f"{instance.base_url}/invocations", content=body, headers=headers, timeout=timeout_seconds)
