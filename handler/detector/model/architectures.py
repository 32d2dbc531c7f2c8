"""Holds the table of architectures: for each name in `model.json`, the family that reads, builds and runs it.

Owns: the table, and the way from an unpacked archive to its predictor. May not: depend on a network's internals.

Another model family is one module beside this one, with the functions of a `Family`, and one row in the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import torch
from torch import nn

from detector.core.errors import ModelArtifactError
from detector.core.predictor import Predictor
from detector.core.settings import Settings
from detector.model import maskrcnn, onestage, spec, weights
from detector.model.spec import ModelSpec

Spec = TypeVar("Spec", bound=ModelSpec)


def _all_used(_: ModelSpec, settings: Settings) -> Settings:
    return settings


@dataclass(frozen=True)
class Family(Generic[Spec]):
    """How the models of one kind are read, built and run.

    `parse_spec` turns the document of `model.json` into the family's specification. It raises ModelArtifactError; a
    KeyError, TypeError or ValueError becomes one, with the file's name.

    `build_network` makes the untrained network. It runs on torch's meta device, where tensors have no values: what is
    neither a parameter nor a buffer must be made of Python numbers. It never downloads anything.

    `make_predictor` takes the network with its weights, in evaluation mode on the CPU, the device to run on, and the
    container's settings with `batch_size` and `precision` decided.

    `settled` gives the container's settings as the family uses them, before anything is decided or loaded, and logs
    each that it does not use; by default it uses all.
    """

    parse_spec: Callable[[Mapping[str, Any]], Spec]
    build_network: Callable[[Spec], nn.Module]
    make_predictor: Callable[[nn.Module, torch.device, Settings], Predictor]
    settled: Callable[[Spec, Settings], Settings] = _all_used


_MASK_RCNN = Family(maskrcnn.parse_spec, maskrcnn.build_network, maskrcnn.make_predictor)
_ONE_STAGE = Family(onestage.parse_spec, onestage.build_network, onestage.make_predictor, onestage.settled)

ARCHITECTURES: dict[str, Family[Any]] = {
    **dict.fromkeys(maskrcnn.ARCHITECTURES, _MASK_RCNN),
    **dict.fromkeys(onestage.ARCHITECTURES, _ONE_STAGE),
}


def family_of(architecture: str) -> Family[Any]:
    """Raises ModelArtifactError for a name that is not in the table."""
    if architecture not in ARCHITECTURES:
        near = get_close_matches(architecture.lower().replace("-", "_"), ARCHITECTURES, n=1, cutoff=0.5)
        meant = f"; did you mean {near[0]!r}?" if near else ""
        raise ModelArtifactError(f"architecture {architecture!r} is not one of {', '.join(ARCHITECTURES)}{meant}")
    return ARCHITECTURES[architecture]


def spec_in(model_dir: Path) -> ModelSpec:
    """The specification of an unpacked archive; without `model.json` it is torchvision's COCO Mask R-CNN."""
    path = model_dir / spec.SPEC_FILE
    return read_spec(path) if path.exists() else maskrcnn.coco_spec()


def read_spec(path: Path) -> ModelSpec:
    """Raises ModelArtifactError with the file's name and what is wrong with it."""
    return spec.read(path, _parsed)


def _parsed(document: Mapping[str, Any]) -> ModelSpec:
    parsed: ModelSpec = family_of(str(document["architecture"])).parse_spec(document)
    return parsed


def settled(model_dir: Path, settings: Settings) -> Settings:
    """The settings as the archive's model uses them. Raises ModelArtifactError."""
    model_spec = spec_in(model_dir)
    used: Settings = family_of(model_spec.architecture).settled(model_spec, settings)
    return used


def build_network(model_spec: ModelSpec) -> nn.Module:
    """The untrained network, on the CPU in training mode."""
    return family_of(model_spec.architecture).build_network(model_spec)


def load_network(model_dir: Path) -> tuple[nn.Module, ModelSpec]:
    """The network of the archive with its weights, on the CPU, in evaluation mode. Raises ModelArtifactError."""
    model_spec = spec_in(model_dir)
    path = model_dir / weights.WEIGHTS_FILE
    return weights.load(path, partial(build_network, model_spec), model_spec), model_spec


def load(model_dir: Path, device: torch.device, settings: Settings) -> tuple[Predictor, ModelSpec]:
    """The archive's predictor on `device`. Raises ModelArtifactError."""
    network, model_spec = load_network(model_dir)
    return family_of(model_spec.architecture).make_predictor(network, device, settings), model_spec
