"""Small projects on disk, with weights made by torch as users make them."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from pathlib import Path

import torch

from deploy import bundle, config
from deploy.bundle import Bundle
from deploy.config import Project


@cache
def state_dict_bytes(seed: int = 0) -> bytes:
    buffer = BytesIO()
    torch.save({"layer.weight": torch.full((4, 4), float(seed)), "layer.bias": torch.zeros(4)}, buffer)
    return buffer.getvalue()


def write_project(folder: Path, *, seed: int = 0, extra: str = "", of_the_flagship: bool = True) -> Project:
    """A handler, weights and a rehearsal.toml below `folder`; `extra` is TOML appended to it.

    The handler is of the flagship's family, with a known answer, or a stranger's.
    """
    handler = folder / "handler"
    (handler / "detector").mkdir(parents=True, exist_ok=True)
    (handler / "inference.py").write_text("def model_fn(model_dir): ...\n")
    (handler / "detector" / "__init__.py").write_text("")
    if of_the_flagship:
        (handler / "detector" / "model").mkdir(exist_ok=True)
        (handler / "detector" / "model" / "architectures.py").write_text("ARCHITECTURES = {}\n")
    (folder / "weights.pth").write_bytes(state_dict_bytes(seed))
    (folder / "model.json").write_text('{"schema": "rehearsal.model/1"}\n')
    text = '[project]\nname = "demo"\n[model]\nweights = "weights.pth"\nspec = "model.json"\n' + extra
    (folder / config.FILE_NAME).write_text(text)
    return config.load(folder / config.FILE_NAME)


def write_bundle(
    folder: Path, *, seed: int = 0, extra: str = "", of_the_flagship: bool = True
) -> tuple[Project, Bundle]:
    project = write_project(folder, seed=seed, extra=extra, of_the_flagship=of_the_flagship)
    return project, bundle.build(project, folder / "dist")
