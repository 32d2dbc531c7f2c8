"""Loads `model.pth`, the weights of an unpacked archive, into a network.

Owns: reading weights without running code, and the errors that say what is wrong with them and how to fix it.
May not: depend on the network, which the given function builds.

The network is built without memory (on torch's meta device) and takes the tensors of the file as its own, mapped from
disk: nothing is initialised in order to be overwritten, which is most of a plain load.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from detector.core.errors import ModelArtifactError
from detector.model.spec import SPEC_FILE, ModelSpec

WEIGHTS_FILE = "model.pth"
_NAMED_KEYS = 3
_RANDOM = ("normal_", "uniform_")
_CONSTANT = (torch.ones, torch.zeros)
_DATAPARALLEL = "the names begin with 'module.' (DataParallel): save model.module.state_dict()"


def load(path: Path, build: Callable[[], nn.Module], spec: ModelSpec) -> nn.Module:
    """The network of `build` with the weights in `path`, on the CPU in evaluation mode. Raises ModelArtifactError."""
    state = _read_state(path)
    network = unfilled(build)
    _fill(network, state, path, spec)
    return network.float().eval().requires_grad_(False)


def unfilled(build: Callable[[], nn.Module]) -> nn.Module:
    """The network of `build` with tensors that have a size and no values."""
    with torch.device("meta"), _Uninitialised():
        return build()


class _Uninitialised(TorchFunctionMode):
    """Leaves out the initial values: the meta device has none, and initialising tensors there imports sympy."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in _CONSTANT and "device" not in (kwargs or {}):
            return torch.empty(*args, **(kwargs or {}))
        if getattr(func, "__module__", None) == "torch.nn.init" or getattr(func, "__name__", None) in _RANDOM:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **(kwargs or {}))


def _read_state(path: Path) -> Mapping[str, torch.Tensor]:
    if not path.is_file():
        found = ", ".join(sorted(entry.name for entry in path.parent.iterdir())) if path.parent.is_dir() else ""
        raise ModelArtifactError(f"{path} is missing (found: {found or 'nothing'}); put it at the archive's root")
    try:
        # Files written before torch 1.6 are no zip archives, and cannot be mapped.
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))
    except Exception as error:  # a damaged pickle can raise anything
        raise ModelArtifactError(_unreadable(path, error)) from error
    return _checked_state(state, path)


def _unreadable(path: Path, error: Exception) -> str:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if "GLOBAL" in str(error):
        return (
            f"{path} holds a pickled Python object, not weights alone; unpickling runs code, so it is refused. "
            f"Convert it where you trust it: python -c \"import torch; torch.save(torch.load('{path.name}', "
            f"weights_only=False).state_dict(), '{path.name}')\""
        )
    if "TorchScript" in str(error):
        return f"{path} is a TorchScript archive; save the weights alone: torch.save(model.state_dict(), '{path.name}')"
    return f"{path} ({path.stat().st_size} bytes) is damaged or no torch file: {reason}; write or upload it again"


def _checked_state(state: Any, path: Path) -> Mapping[str, torch.Tensor]:
    if not isinstance(state, Mapping):
        raise ModelArtifactError(f"{path} holds a {type(state).__name__}; expected a state_dict (names and tensors)")
    if _is_state(state):
        return state
    inner = [name for name, value in state.items() if _is_state(value)]
    raise ModelArtifactError(
        f"{path} is not a state_dict: it has the entries {_some([str(name) for name in state]) or 'none'}; "
        f"save the weights alone: torch.save(checkpoint[{inner[0] if inner else 'model'!r}], '{path.name}')"
    )


def _is_state(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value) and all(isinstance(each, torch.Tensor) for each in value.values())


def _fill(network: nn.Module, state: Mapping[str, torch.Tensor], path: Path, spec: ModelSpec) -> None:
    try:
        network.load_state_dict(state, assign=True)
    except RuntimeError as error:
        sizes = " and ".join(f"{name} = {value}" for name, value in spec.sizes.items())
        described = f"the weights in {path} do not fit {spec.architecture}{f' with {sizes}' if sizes else ''}"
        advice = _DATAPARALLEL if all(name.startswith("module.") for name in state) else _spec_advice(path, spec)
        raise ModelArtifactError(f"{described}: {_differences(network.state_dict(), state)}; {advice}") from error


def _differences(expected: Mapping[str, torch.Tensor], found: Mapping[str, torch.Tensor]) -> str:
    missing = [name for name in expected if name not in found]
    unexpected = [name for name in found if name not in expected]
    sizes = [
        f"{name} {tuple(found[name].shape)} instead of {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in found and found[name].shape != tensor.shape
    ]
    kinds = {"missing": missing, "unexpected": unexpected, "of another size": sizes}
    return "; ".join(f"{kind}: {_some(names)}" for kind, names in kinds.items() if names)


def _spec_advice(path: Path, spec: ModelSpec) -> str:
    spec_path = path.with_name(SPEC_FILE)
    verb = "correct" if spec_path.exists() else "add"
    return f"{verb} {spec_path} ({', '.join(('architecture', *spec.sizes))}), or save the weights of that network"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED_KEYS} more" if len(names) > _NAMED_KEYS else ""
    return ", ".join(names[:_NAMED_KEYS]) + more
