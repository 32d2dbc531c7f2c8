"""What every section of rehearsal.toml is: frozen, strict, without unknown keys; and a path in one.

May not: look at the disk.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=True)


def _resolve(value: Any, info: ValidationInfo) -> Any:
    """Resolve a path relative to the file that names it."""
    if not isinstance(value, str | Path):
        return value
    root: Path = (info.context or {}).get("root", Path())
    return root / Path(value).expanduser()


FilePath = Annotated[Path, BeforeValidator(_resolve)]
