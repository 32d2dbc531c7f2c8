"""Goldens on disk: a JSON file, and beside it for a binary answer a second one that holds the body.

Owns where they are, and what is said of one that is not there or is none. May not compare.
"""

from __future__ import annotations

import re
from pathlib import Path

from deploy.async_client.content_types import CONTENT_TYPES
from deploy.core import golden_files
from deploy.core.files import write_bytes, write_text
from deploy.expectations import media
from harness.core.errors import ConfigurationError
from harness.goldens.contents import NotOfKindError
from harness.goldens.document import NotAGoldenError, Written, parse, text_of
from harness.goldens.golden import MOST_BYTES, Golden
from harness.goldens.kinds import kind_of

_BINARY = ("npy", "image", "bytes")
# The text of a golden is a little longer than its answer.
_MOST_TEXT_BYTES = 3 * MOST_BYTES


def default_path(file: Path) -> Path:
    """Where the answer to a case's file is recorded when the case names no place."""
    return golden_files.default_path(file)


def is_there(path: Path) -> bool:
    return path.is_file()


def slug(name: str) -> str:
    """The name of a case as the name of a file."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "case"


def read(path: Path, *, named_by: str) -> Golden:
    """The golden at `path`; `named_by` says which key of which file names it, and `harness golden record` its remedy.

    Raises ConfigurationError when it is not there, cannot be read, or is none.
    """
    try:
        written = parse(_bytes(path))
        golden = written.golden(_body_of(path, written))
        _check_body(golden)
        return golden
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"{named_by} = {path} is not there: `harness golden record` writes it, from what the endpoint answers now"
        ) from error
    except OSError as error:
        raise ConfigurationError(
            f"{named_by} = {path} cannot be read ({error.strerror}): make it readable, or correct the path"
        ) from error
    except NotAGoldenError as error:
        raise ConfigurationError(
            f"{named_by} = {path}: {error}. Restore the file as it was recorded (git checkout), or record the answer "
            "anew with `harness golden record --update`"
        ) from error


def write(path: Path, golden: Golden) -> tuple[Path, ...]:
    """Write the golden, and return the files of it. Raises DeployError when the disk refuses."""
    body = path.with_name(golden_files.body_name(path, _suffix(golden.content_type)))
    text = text_of(golden, body.name)
    written: tuple[Path, ...] = (path,)
    if golden.kind in _BINARY:
        write_bytes(body, golden.content)
        written = (path, body)
    write_text(path, text)
    for left in golden_files.bodies_of(path):
        if left not in written:
            left.unlink()
    return written


def _bytes(path: Path) -> bytes:
    if path.stat().st_size > _MOST_TEXT_BYTES:
        raise NotAGoldenError(f"it has {path.stat().st_size} bytes, and a golden at most {_MOST_TEXT_BYTES}")
    return path.read_bytes()


def _body_of(path: Path, written: Written) -> bytes | None:
    if written.body is None:
        return None
    name = written.body.file
    if Path(name).name != name:
        raise NotAGoldenError(f"body.file: {name!r} is not the name of a file beside it")
    body = path.with_name(name)
    if not body.is_file():
        raise NotAGoldenError(f"the answer itself is not beside it: {name} is missing")
    return body.read_bytes()


def _check_body(golden: Golden) -> None:
    try:
        if golden.kind in ("npy", "image") and kind_of(golden.content, golden.content_type) != golden.kind:
            raise NotAGoldenError(f"its body is of type {golden.content_type}, which is no {golden.kind}")
    except NotOfKindError as error:
        raise NotAGoldenError(f"its body: {error}") from error


def _suffix(content_type: str) -> str:
    bare = media.bare(content_type)
    return next((suffix for suffix, known in CONTENT_TYPES.items() if known == bare), ".bin")
