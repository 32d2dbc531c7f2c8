"""Whether a body is what its content type says, and whether that type was asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

from deploy.evidence import Finding

_MAGIC: Mapping[str, tuple[bytes, ...]] = {
    "application/x-npy": (b"\x93NUMPY",),
    "application/x-npz": (b"PK",),
    "application/zip": (b"PK",),
    "application/gzip": (b"\x1f\x8b",),
    "application/pdf": (b"%PDF-",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/gif": (b"GIF87a", b"GIF89a"),
}
_SHOWN_BYTES = 60


def bare(content_type: str) -> str:
    """The type without its parameters, in small letters."""
    return content_type.partition(";")[0].strip().lower()


def judge(body: bytes, content_type: str, accept: str | None) -> Iterator[Finding]:
    """`accept` is what the case itself asks for; None where it takes any type."""
    if accept is not None and not _is_accepted(bare(content_type), accept):
        yield Finding(
            check="answer.type",
            severity="error",
            message=f"the answer is {content_type or 'without a content type'}, asked for was {accept}",
            advice="answer the type that was asked for, refuse the request with a 4xx, or correct the case's `accept`",
        )
    if not _is_what_it_says(body, bare(content_type)):
        yield Finding(
            check="answer.type",
            severity="error" if accept is not None else "warning",
            message=f"the answer calls itself {content_type} and is none; it begins {body[:_SHOWN_BYTES]!r}",
            advice="output_fn names the type of its body: return (body, content_type), or encode the body as that type",
        )


def _is_accepted(content_type: str, accept: str) -> bool:
    wanted = [bare(each) for each in accept.split(",")]
    group = content_type.partition("/")[0]
    return content_type in wanted or "*/*" in wanted or f"{group}/*" in wanted


def _is_what_it_says(body: bytes, content_type: str) -> bool:
    magic = _MAGIC.get(content_type)
    if magic is not None:
        return body.startswith(magic)
    check = _PARSED.get(content_type)
    return check is None or check(body)


def is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _is_json_lines(body: bytes) -> bool:
    return all(is_json(line) for line in body.splitlines() if line.strip())


_PARSED: Mapping[str, Callable[[bytes], bool]] = {
    "application/json": is_json,
    "application/jsonlines": _is_json_lines,
}
