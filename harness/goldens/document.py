"""A golden as the text of its file, schema `rehearsal.golden/1`: a header, and the answer or the name of its body.

Owns that text. May not look at the disk.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness.goldens.contents import NotOfKindError, check_detections, check_document
from harness.goldens.golden import Golden, Kind, Model, Recorded, Sent
from harness.goldens.layout import laid_out

SCHEMA = "rehearsal.golden/1"
_FAMILY = SCHEMA.partition("/")[0]


class NotAGoldenError(ValueError):
    """The text is no golden that can be read; the message says why."""


@dataclass(frozen=True)
class Body:
    """The file beside it that holds a binary answer."""

    file: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Written:
    """A golden as it is in its file: `answer` is in it, or `body` names where it is."""

    case: str
    kind: Kind
    content_type: str
    sent: Sent
    model: Model
    recorded: Recorded
    answer: Any = None
    body: Body | None = None

    def golden(self, body: bytes | None) -> Golden:
        """`body` is what `self.body` names. Raises NotAGoldenError when that is another one."""
        return Golden(
            self.case, self.kind, self.content_type, self.sent, self.model, self.recorded, self._content(body)
        )

    def _content(self, body: bytes | None) -> Any:
        if self.kind == "text":
            if not isinstance(self.answer, list) or not all(isinstance(line, str) for line in self.answer):
                raise NotAGoldenError("answer: a text is a list of its lines")
            return "".join(self.answer)
        if self.kind in ("detections", "json"):
            return self._document()
        if self.body is None or body is None:
            raise NotAGoldenError("body: it names no file that holds the answer")
        if sha256(body).hexdigest() != self.body.sha256:
            raise NotAGoldenError(f"{self.body.file} is not the body that was recorded: its sha256 differs")
        return body

    def _document(self) -> Any:
        if self.kind == "detections":
            try:
                check_detections(self.answer)
            except NotOfKindError as error:
                raise NotAGoldenError(f"answer: {error}") from error
        return self.answer


def text_of(golden: Golden, body_file: str) -> str:
    """The text of its file. The body of a binary answer is to be written to `body_file` beside it."""
    lines = [
        f'"schema": {json.dumps(SCHEMA)}',
        *(f'"{name}": {_plain(getattr(golden, name))}' for name in ("case", "kind", "content_type")),
        *(f'"{name}": {_plain(dataclasses.asdict(getattr(golden, name)))}' for name in ("sent", "model", "recorded")),
        _answer(golden, body_file),
    ]
    return "{\n " + ",\n ".join(lines) + "\n}\n"


def parse(text: str | bytes) -> Written:
    """Raises NotAGoldenError."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NotAGoldenError(f"it is no JSON ({error})") from error
    _check_schema(document)
    if "answer" not in document and "body" not in document:
        raise NotAGoldenError("it holds no answer: the keys `answer` and `body` are missing")
    try:
        check_document(document)
        return TypeAdapter(Written).validate_python(document)
    except NotOfKindError as error:
        raise NotAGoldenError(str(error)) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise NotAGoldenError(f"{'.'.join(str(step) for step in first['loc'])}: {first['msg']}") from error


def _check_schema(document: Any) -> None:
    said = document.get("schema") if isinstance(document, dict) else None
    if said == SCHEMA:
        return
    if isinstance(said, str) and said.startswith(f"{_FAMILY}/"):
        raise NotAGoldenError(f"its schema is {said}, and this version reads {SCHEMA}: upgrade it if the file is newer")
    raise NotAGoldenError(f"it is no golden: its schema is {said!r}, and that of a golden {SCHEMA}")


def _answer(golden: Golden, body_file: str) -> str:
    if golden.kind == "text":
        return f'"answer": {laid_out(golden.content.splitlines(keepends=True), 1)}'
    if golden.kind in ("detections", "json"):
        return f'"answer": {laid_out(golden.content, 1)}'
    body = Body(body_file, len(golden.content), sha256(golden.content).hexdigest())
    return f'"body": {_plain(dataclasses.asdict(body))}'


def _plain(value: Any) -> str:
    """In the order of the keys as they are, on one line: a header's line says one thing."""
    return json.dumps(value, default=_moment)


def _moment(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    raise TypeError(f"{value!r} is not of JSON")
