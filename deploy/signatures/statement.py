"""The parts of an in-toto statement that all of ours share, and how two statements differ.

Sources: github.com/in-toto/attestation, spec/v1/statement.md and spec/v1/resource_descriptor.md (Statement v1),
spec/predicates/test-result.md (v0.1).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
TEST_RESULT: Final = "https://in-toto.io/attestation/test-result/v0.1"


def statement(subjects: Sequence[Any], predicate_type: str, predicate: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "_type": STATEMENT_TYPE,
        "subject": list(subjects),
        "predicateType": predicate_type,
        "predicate": predicate,
    }


def descriptor(name: str, sha256: str, **more: Any) -> Mapping[str, Any]:
    return {"name": name, "digest": {"sha256": sha256}, **more}


def read(body: bytes) -> Any:
    """Read a statement that somebody may have changed; None when it is not JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def difference(wanted: Any, found: Any) -> str:
    """The first difference of two JSON documents, as `path is FOUND, not WANTED`."""
    return next(_differences(wanted, found, ""), "spelled otherwise")


def _differences(wanted: Any, found: Any, path: str) -> Iterator[str]:
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key in sorted({*wanted, *found}):
            yield from _differences(wanted.get(key), found.get(key), f"{path}.{key}" if path else key)
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for index, (each, other) in enumerate(zip(wanted, found, strict=True)):
            yield from _differences(each, other, f"{path}[{index}]")
    elif wanted != found:
        yield f"{path or 'all of it'} is {found!r}, not {wanted!r}"
