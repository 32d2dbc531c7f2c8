"""Defines the keys of `[[case]]`: one request of a project, and what must come back. `sections` holds all others.

May not: open the files that are named (`harness validate` does, before anything starts), or judge an answer
(`deploy.expectations` does).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, JsonValue, WithJsonSchema, model_validator

from deploy.config.section import FilePath, Section

_MEDIA_TYPE = r"^[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(\s*;\s*[\x21-\x3a\x3c-\x7e ]+)*$"
_ACCEPT = r"^[\x20-\x7e]+$"
_ATTRIBUTES = r"^[\x20-\x7e]*$"
# RFC 6901: every part begins with a slash; a tilde is written ~0, a slash within a part ~1.
_POINTER = r"^(/([^~/]|~[01])*)*$"
# Messages describe each pattern of a value in these words.
CASES_IN_WORDS: Mapping[str, str] = {
    _MEDIA_TYPE: "a content type, such as image/jpeg",
    _ACCEPT: "one or more content types, such as application/json",
    _ATTRIBUTES: "printable ASCII, such as top_k=3",
    _POINTER: "a JSON pointer, such as /label or /boxes/0/score ('' is the whole answer, ~1 a slash, ~0 a tilde)",
}

Pointer = Annotated[str, Field(pattern=_POINTER, max_length=1024)]


def _read_items(value: Any) -> Any:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if is_count or (isinstance(value, str) and re.fullmatch(_POINTER, value)):
        return value
    raise ValueError(
        "write how many items one request holds, such as items = 3, or the JSON pointer of their list or number in the "
        'answer, such as items = "/predictions"'
    )


_ITEMS_SCHEMA = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": _POINTER}]}
Items = Annotated[int | str, BeforeValidator(_read_items), WithJsonSchema(_ITEMS_SCHEMA)]
# SageMaker's headers take so many characters (botocore's model of sagemaker-runtime).
_HEADER_LIMIT = 1024
_TOLERANCE_KEYS = frozenset({"about", "within"})


class About(Section):
    """A number that may differ: `{ about = 0.93, within = 0.02 }`."""

    about: float = Field(allow_inf_nan=False)
    within: float = Field(ge=0, allow_inf_nan=False)


def _read_about(value: Any) -> Any:
    """Exactly the two keys of `About` make a tolerance; every other table is a JSON object to be found as it is."""
    if isinstance(value, Mapping) and set(value) == _TOLERANCE_KEYS:
        return About.model_validate(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("JSON has no such number")
    return value


Expected = Annotated[About | JsonValue, BeforeValidator(_read_about)]


class GoldenSection(Section):
    """How far an answer may be from the recorded one."""

    box_pixels: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    """Detections: how far a side of a box may be from where it was, in pixels of the source."""
    score: float = Field(default=0.01, ge=0, le=1)
    """Detections: by how much a score may differ. A detection so near the threshold may be in one answer only."""
    mask_iou: float = Field(default=0.95, ge=0, le=1)
    """Detections: the least overlap of a mask with the recorded one."""
    time_seconds: float = Field(default=0.001, ge=0, allow_inf_nan=False)
    """Detections: by how much the time of a frame may differ."""
    rtol: float = Field(default=1e-4, ge=0, allow_inf_nan=False)
    """JSON and npy: a number may differ by atol and by this part of the recorded one. Whole numbers in JSON must be
    equal."""
    atol: float = Field(default=1e-6, ge=0, allow_inf_nan=False)
    """JSON and npy: by how much any number may differ."""
    psnr_decibels: float = Field(default=40.0, ge=0, allow_inf_nan=False)
    """Pictures: the least peak signal-to-noise ratio to the recorded one."""

    def overlaid(self, other: GoldenSection | None) -> GoldenSection:
        """These tolerances, with those that `other` gives laid over them."""
        given = {name: getattr(other, name) for name in other.model_fields_set} if other else {}
        return self.model_copy(update=given)


class NpySection(Section):
    """The array that the answer is, in application/x-npy."""

    shape: Annotated[tuple[Annotated[int, Field(ge=0)], ...] | None, Field(strict=False)] = None
    """As in [512, 2560, 3]."""
    dtype: str | None = Field(default=None, min_length=1, max_length=100)
    """numpy's name, as in uint8."""


class ExpectSection(Section):
    status: Literal["completed", "failed"] = "completed"
    code: int | None = Field(default=None, ge=400, le=599)
    """The HTTP status with which a bad request must be refused; without it any 4xx."""
    json_schema: FilePath | None = None
    """A JSON Schema that the answer satisfies."""
    json_: Mapping[Pointer, Expected] = Field(default_factory=dict, alias="json")
    """JSON pointer = value. A number may be given as `{ about = 0.93, within = 0.02 }`."""
    tolerance: float = Field(default=1e-6, ge=0, allow_inf_nan=False)
    """By how much other numbers of `json` with a fraction may differ; whole numbers must be equal."""
    npy: NpySection | None = None
    """Shape and type of an answer that is one npy array."""
    golden: FilePath | None = None
    """A recorded answer to compare with; `harness golden record` writes it."""
    golden_tolerance: GoldenSection | None = None
    """Keys of [golden], for this case alone."""
    max_seconds: float | None = Field(default=None, gt=0)
    """From the start of the upload to the answer."""

    @model_validator(mode="after")
    def _says_one_thing(self) -> ExpectSection:
        if self.status == "completed" and self.code is not None:
            raise ValueError("expect.code is the HTTP status of a refusal: write expect.status = 'failed' beside it")
        if self.status == "failed" and (self.json_schema or self.json_ or self.npy or self.golden):
            raise ValueError("a request that must fail has no answer for json_schema, json, npy or golden: remove them")
        if self.golden_tolerance is not None and self.golden is None:
            raise ValueError("golden_tolerance is for a recorded answer: name its file with expect.golden")
        return self


class CaseSection(Section):
    name: str | None = Field(default=None, min_length=1, max_length=200)
    """Default: the file's name."""
    file: FilePath
    content_type: str | None = Field(default=None, pattern=_MEDIA_TYPE, max_length=_HEADER_LIMIT)
    """Default: the content type of the file's name, the same on every machine."""
    accept: str | None = Field(default=None, pattern=_ACCEPT, max_length=_HEADER_LIMIT)
    """The Accept header; the answer must be of such a type then. Default: application/json, and any type is taken."""
    custom_attributes: str = Field(default="", pattern=_ATTRIBUTES, max_length=_HEADER_LIMIT)
    items: Items | None = None
    """How many frames, pictures or rows one request holds, for `harness bench`: a number, or the JSON pointer of a list
    or a number in the answer."""
    expect: ExpectSection = ExpectSection()

    @property
    def title(self) -> str:
        return self.name or self.file.name
