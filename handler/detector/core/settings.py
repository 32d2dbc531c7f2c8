"""Reads the settings of the operator, and those that a request overrides.

Owns: the handler's environment variables (`server` reads those of the serving stack), the CustomAttributes of a
request, and the rules for their values. May not: depend on what the settings are used for.

The environment is read once, when the model loads. A request overrides some of it through its CustomAttributes
(`frame_interval=5;score_threshold=0.3;masks=rle;layout=plain`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum
from typing import Any

from detector.core.errors import BadParameter, SettingsError


class Masks(StrEnum):
    NONE = "none"
    RLE = "rle"
    """COCO's compressed run-length encoding, in source pixels."""


class Layout(StrEnum):
    DOCUMENT = "document"
    """`predictions.schema.json`."""
    PLAIN = "plain"
    """A bare list with one `{boxes, labels, scores}` a sampled frame."""


class DamagedFrames(StrEnum):
    LOST = "lost"
    """What depends on a packet that cannot be decoded is left out of the answer, as that packet's own picture is."""
    KEPT = "kept"
    """It is in the answer, and named."""


class Precision(StrEnum):
    AUTO = "auto"
    """fp16 on a GPU, fp32 on a CPU."""
    FP32 = "fp32"
    FP16 = "fp16"
    BF16 = "bf16"


class Compiled(StrEnum):
    NONE = "none"
    BACKBONE = "backbone"
    """Backbone and RPN head are compiled by torch.compile; the first request of every picture size waits for that."""


class Forward(StrEnum):
    AUTO = "auto"
    """graph on a GPU, plain on a CPU."""
    PLAIN = "plain"
    """torchvision's steps, picture by picture."""
    BATCHED = "batched"
    """All pictures of a batch at once, with the same answers and one wait for the device."""
    GRAPH = "graph"
    """Batched, and replayed as a CUDA graph for sizes that come again."""


class Kernels(StrEnum):
    AUTO = "auto"
    """On a GPU convolutions fused with what follows them, and own kernels if Triton and a C compiler are there."""
    NONE = "none"
    """Only torch's operations."""


class Prepared(StrEnum):
    AUTO = "auto"
    """On the device where that is a GPU, else on the host."""
    HOST = "host"
    """Colours are converted and pictures scaled on the host."""
    DEVICE = "device"
    """On the device, from the decoder's own planes, wherever it can do what the host would."""


@dataclass(frozen=True)
class _Field:
    convert: Callable[[str], Any]
    accepts: Callable[[Any], bool]
    expects: str


def _whole_number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise ValueError(text)
    return int(text)


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _between(low: int, high: int) -> _Field:
    return _Field(_whole_number, lambda value: low <= value <= high, f"a whole number from {low} to {high}")


def _optional(field: _Field) -> _Field:
    return replace(field, accepts=lambda value: value is None or field.accepts(value))


def _choice(options: type[StrEnum]) -> _Field:
    return _Field(options, lambda value: isinstance(value, options), " or ".join(options))


_FIELDS: Mapping[str, _Field] = {
    "frame_interval": _between(1, 1_000_000),
    "batch_size": _optional(_between(1, 256)),
    "frame_width": _optional(_between(16, 8192)),
    "frame_height": _optional(_between(16, 8192)),
    "score_threshold": _Field(float, lambda value: 0.0 <= value <= 1.0, "a number from 0 to 1"),
    "masks": _choice(Masks),
    "layout": _choice(Layout),
    "precision": _choice(Precision),
    "compiled": _choice(Compiled),
    "forward": _choice(Forward),
    "kernels": _choice(Kernels),
    "prepared": _choice(Prepared),
    "failed_packets_percent": _Field(float, lambda value: 0.0 <= value <= 100.0, "a number from 0 to 100"),
    "damaged_frames": _choice(DamagedFrames),
    "square_pixels": _Field(_truth, lambda value: isinstance(value, bool), "true or false"),
    "gpu_memory_bytes": _optional(_between(1 << 26, 1 << 42)),
}
REQUEST_PARAMETERS = ("frame_interval", "score_threshold", "masks", "layout", "square_pixels")


@dataclass(frozen=True)
class Settings:
    """The settings, validated when they are made: raises SettingsError.

    `frame_interval` N keeps the frames 0, N, 2N... `batch_size` frames go through the network at once; for None the
    default depends on the device. `frame_width` and `frame_height` are the size of the network's input in pixels: with
    one of them the other follows the aspect, with neither the frames keep their size. Detections below
    `score_threshold` are dropped; the network itself has already dropped those below its own threshold (0.05 in
    torchvision, 0.01 and 0.001 in its SSDs). `precision` is the number format of the heavy parts of the network,
    `compiled` selects those that torch's compiler makes faster, `forward` is how the pictures of a batch go through the
    network, `kernels` whether the handler's own kernels run on a GPU, and `prepared` where colours are converted and
    pictures scaled. A video of which more than `failed_packets_percent` cannot be decoded is an error; with 0, each
    packet that fails is one; `damaged_frames` says what becomes of frames that depend on those. With `square_pixels` a
    video is seen in the shape in which it is shown, and boxes are in its pixels. `gpu_memory_bytes` limits the GPU
    memory that torch may take; None means all.
    """

    frame_interval: int = 1
    batch_size: int | None = None
    frame_width: int | None = None
    frame_height: int | None = None
    score_threshold: float = 0.5
    masks: Masks = Masks.NONE
    layout: Layout = Layout.DOCUMENT
    precision: Precision = Precision.AUTO
    compiled: Compiled = Compiled.NONE
    forward: Forward = Forward.AUTO
    kernels: Kernels = Kernels.AUTO
    prepared: Prepared = Prepared.AUTO
    failed_packets_percent: float = 5.0
    damaged_frames: DamagedFrames = DamagedFrames.LOST
    square_pixels: bool = False
    gpu_memory_bytes: int | None = None

    def __post_init__(self) -> None:
        for name, field in _FIELDS.items():
            value = getattr(self, name)
            if not field.accepts(value):
                raise SettingsError(f"{name} must be {field.expects}, not {value!r}")

    def overridden(self, custom_attributes: str | None) -> Settings:
        """These settings with a request's CustomAttributes applied; raises BadParameter."""
        settings = self
        for name, text in _attribute_pairs(custom_attributes or ""):
            try:
                settings = settings.assigned(name, text)
            except (ValueError, SettingsError) as error:
                expects = _FIELDS[name].expects
                raise BadParameter(f"CustomAttributes: {name} must be {expects}, not {text!r}") from error
        return settings

    def assigned(self, name: str, text: str) -> Settings:
        """One setting given as text; raises ValueError or SettingsError."""
        changes: dict[str, Any] = {name: _FIELDS[name].convert(text)}
        return replace(self, **changes)


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """The container's settings: `FRAME_INTERVAL`, `BATCH_SIZE` and so on, absent or empty meaning the default.

    Raises SettingsError, which ends the model's load.
    """
    settings = Settings()
    for name in _FIELDS:
        text = environment.get(name.upper(), "").strip()
        try:
            settings = settings.assigned(name, text) if text else settings
        except (ValueError, SettingsError) as error:
            raise SettingsError(
                f"the environment variable {name.upper()} must be {_FIELDS[name].expects}, not {text!r}; "
                "change it in the model's Environment"
            ) from error
    _refuse_server_batches(environment)
    return settings


def _refuse_server_batches(environment: Mapping[str, str]) -> None:
    """The toolkit would give every request of a batch the first one's headers (`Transformer.transform`)."""
    if environment.get("SAGEMAKER_TS_BATCH_SIZE", "1").strip() not in ("", "1"):
        raise SettingsError(
            "SAGEMAKER_TS_BATCH_SIZE must be 1: the serving toolkit mixes up the headers of requests that the server "
            "batches. BATCH_SIZE is the number of frames that go through the network at once"
        )


def _attribute_pairs(text: str) -> list[tuple[str, str]]:
    pairs: dict[str, str] = {}
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals:
            raise BadParameter(f"CustomAttributes: {part!r} is not of the form name=value; separate pairs with ';'")
        if name not in REQUEST_PARAMETERS:
            raise BadParameter(f"CustomAttributes: unknown parameter {name!r}; {_suggestion(name)}")
        if name in pairs:
            raise BadParameter(f"CustomAttributes: {name} is given twice")
        pairs[name] = value
    return list(pairs.items())


def _suggestion(name: str) -> str:
    near = get_close_matches(name.lower().replace("-", "_"), REQUEST_PARAMETERS, n=1)
    known = f"known are {', '.join(REQUEST_PARAMETERS)}"
    return f"did you mean {near[0]!r}? {known}" if near else known
