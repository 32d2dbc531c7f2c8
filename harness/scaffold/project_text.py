"""The text of a new rehearsal.toml."""

from __future__ import annotations

import json
from collections.abc import Sequence

from harness.scaffold.first_case import FirstCase
from harness.serving.stacks import default_stack

_HEAD = """\
# What is rehearsed here and promoted to AWS. `deploy` and `harness` read this file; unknown keys are errors.

[project]
name = {name}

[container]
stack = {stack}            # the official PyTorch container
framework_version = "2.6.0"

[handler]
source = {source}
entry_point = {entry_point}
"""
_ENDPOINT = """
[endpoint]
instance_type = "ml.g4dn.xlarge"
"""
_NO_CASE = """
# A case is a request and what must come of it. The file is yours:
# [[case]]
# name = "first"
# file = "cases/first.jpg"
# content_type = "image/jpeg"
# expect.status = "completed"
"""


def project_text(name: str, source: str, entry_point: str, data: Sequence[str], cases: Sequence[FirstCase]) -> str:
    head = _HEAD.format(
        name=_toml(name), source=_toml(source), entry_point=_toml(entry_point), stack=_toml(default_stack().name)
    )
    return head + _model(data) + _ENDPOINT + ("".join(map(_case, cases)) or _NO_CASE)


def _model(data: Sequence[str]) -> str:
    if not data:
        return '\n# [model]\n# data = "model/"              # what goes to the archive\'s root, where model_fn looks\n'
    value = _toml(data[0]) if len(data) == 1 else f"[{', '.join(map(_toml, data))}]"
    return f"\n[model]\ndata = {value}              # goes to the archive's root, where model_fn looks\n"


def _case(case: FirstCase) -> str:
    lines = ["", "[[case]]", f"name = {_toml(case.name)}", f"file = {_toml(case.file)}"]
    lines.append(f"content_type = {_toml(case.content_type)}")
    lines += [f"accept = {_toml(case.accept)}"] if case.accept else []
    return "\n".join([*lines, 'expect.status = "completed"']) + "\n"


def _toml(text: str) -> str:
    """A basic string: JSON's escapes are TOML's, but for DEL, which TOML forbids."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
