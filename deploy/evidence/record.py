"""The base of every evidence record, and the value types they share. Nothing here knows what the evidence is about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

TEXT_LIMIT_CHARACTERS = 8000


class Record(BaseModel):
    """Frozen; unknown keys, NaN and infinities are refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, from_attributes=True, serialize_by_alias=True
    )


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _shortened(text: str) -> str:
    if len(text) <= TEXT_LIMIT_CHARACTERS:
        return text
    mark = " … (shortened)"
    return text[: TEXT_LIMIT_CHARACTERS - len(mark)] + mark


def _readable(text: object) -> object:
    return text.encode("utf-8", "backslashreplace").decode() if isinstance(text, str) else text


Utc = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ImageDigest = Annotated[str, Field(pattern=r"^(\S+@)?sha256:[0-9a-f]{64}$")]
Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
Seconds = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
# A name from elsewhere; bytes of a file name that are no UTF-8 are shown escaped instead of refused.
ReadableText = Annotated[str, BeforeValidator(_readable)]
# Text from elsewhere (a failure body, a log line): kept to a bounded length.
LongText = Annotated[ReadableText, AfterValidator(_shortened)]

Judgement = Literal["passed", "failed", "inconclusive"]
