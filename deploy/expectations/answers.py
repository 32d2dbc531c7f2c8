"""Judges the answer to a `[[case]]`: its type, its schema, its values, the array that it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from deploy.config.case_sections import ExpectSection
from deploy.evidence import Finding
from deploy.expectations import media, npy
from deploy.expectations.pointers import NotThereError, resolve
from deploy.expectations.schemas import read_schema, violations
from deploy.expectations.values import difference

# A wrong schema has a complaint for every item; so many are enough to see why.
_MOST_VIOLATIONS = 5
_SHOWN_BYTES = 60


def judge(body: bytes, content_type: str, *, expect: ExpectSection, accept: str | None = None) -> tuple[Finding, ...]:
    """Findings of a completed request; without an `error` among them it is as expected.

    `accept` is what the case itself asks for. Raises ConfigurationError when the schema is none.
    """
    kind = media.judge(body, content_type, accept)
    return (*_emptiness(body), *kind, *_json_findings(body, expect), *npy.judge(body, expect.npy))


def _emptiness(body: bytes) -> Iterator[Finding]:
    if not body:
        yield Finding(
            check="answer.empty",
            severity="error",
            message="the answer is empty",
            advice="predict_fn or output_fn returned nothing: return the answer's body",
        )


def _json_findings(body: bytes, expect: ExpectSection) -> Iterator[Finding]:
    if expect.json_schema is None and not expect.json_:
        return
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        yield Finding(
            check="answer.json",
            severity="error",
            message=f"the case expects JSON, and the answer is none; it begins {body[:_SHOWN_BYTES]!r}",
            advice="set the case's `accept` to application/json, or expect nothing of JSON",
        )
        return
    yield from _schema_findings(document, expect)
    yield from _value_findings(document, expect)


def _schema_findings(document: Any, expect: ExpectSection) -> Iterator[Finding]:
    if expect.json_schema is None:
        return
    validator = read_schema(expect.json_schema, named_by="expect.json_schema")
    for violation in islice(violations(validator, document), _MOST_VIOLATIONS):
        yield Finding(
            check="answer.schema",
            severity="error",
            message=f"the answer does not satisfy {expect.json_schema.name}: {violation}",
            advice="correct the handler's answer, or the schema where the answer is meant to have changed",
        )


def _value_findings(document: Any, expect: ExpectSection) -> Iterator[Finding]:
    for pointer, expected in expect.json_.items():
        try:
            differs = difference(expected, resolve(document, pointer), expect.tolerance)
        except NotThereError as error:
            differs = str(error)
        if differs is not None:
            yield Finding(
                check="answer.value",
                severity="error",
                message=f"{pointer or 'the whole answer'}: {differs}",
                where=pointer or None,
                advice="correct the handler or its weights, or expect.json where the answer is meant to have changed; "
                "a number may be given as { about = 0.93, within = 0.02 }",
            )
