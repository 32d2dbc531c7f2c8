"""The one JSON document that a command prints on stdout when it is asked for JSON, whether it succeeds or fails.

A failure is `{"error": {"code", "message", "next"}}`: `next` is a command of ours that the message names, if it does.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence

from deploy.core.errors import RehearsalError

_OURS = re.compile(r"`((?:uv run )?(?:harness|deploy)\b[^`]*)`")
_WORD = re.compile(r"(?<!^)(?=[A-Z])")
_printed: list[str] = []


def begin() -> None:
    """A new command."""
    _printed.clear()


def print_document(text: str) -> None:
    """Print a document, or one line of several."""
    sys.stdout.write(f"{text}\n")
    _printed.append(text[:1])


def are_wanted(words: Sequence[str]) -> bool:
    """Whether the command line asks for JSON."""
    pairs = zip(words, [*words[1:], ""], strict=False)
    return any(
        word in ("-ojson", "--output=json") or (word in ("-o", "--output") and value == "json") for word, value in pairs
    )


def print_failure(code: str, message: str) -> None:
    """Say it in JSON, unless the command has printed its document before it failed."""
    if not _printed:
        named = _OURS.search(message)
        error = {"code": code, "message": message, "next": named.group(1) if named else None}
        print_document(json.dumps({"error": error}, indent=2))


def code_of(error: RehearsalError) -> str:
    """The error's class, as in `machine_cannot`."""
    return _WORD.sub("_", type(error).__name__).lower().removesuffix("_error")
