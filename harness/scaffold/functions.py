"""What a Python file offers a serving container, by its syntax alone: the file is never imported.

Owns: the names that the toolkits look for, and how a module may come by them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# The SageMaker toolkit's hooks, in the order of a request.
TOOLKIT_FUNCTIONS = ("model_fn", "transform_fn", "input_fn", "predict_fn", "output_fn")
_APPS = ("Flask", "FastAPI", "Starlette")


@dataclass(frozen=True)
class Functions:
    """What a module has at its top level."""

    hooks: tuple[str, ...] = ()
    """Those of `TOOLKIT_FUNCTIONS` that it defines, assigns or imports, in their order."""
    other: str = ""
    """What serves without the toolkit: `a FastAPI app` or `handle(data, context)`; empty where there is none."""
    words: frozenset[str] = frozenset()
    """Every string literal: content types, names of files."""
    requests: frozenset[str] = frozenset()
    """Those within input_fn and transform_fn."""
    answers: frozenset[str] = frozenset()
    """Those within output_fn."""


def functions_of(path: Path) -> Functions:
    """Raises SyntaxError or ValueError for what is no Python, OSError for what cannot be read."""
    tree = ast.parse(path.read_bytes(), filename=str(path))
    names = set(_names(tree))
    return Functions(
        hooks=tuple(name for name in TOOLKIT_FUNCTIONS if name in names),
        other=_other(tree),
        words=frozenset(_words(tree)),
        requests=frozenset(_words_of(tree, "input_fn", "transform_fn")),
        answers=frozenset(_words_of(tree, "output_fn")),
    )


def _names(tree: ast.Module) -> Iterator[str]:
    """The names bound at the top level, in branches of `if` and `try` too."""
    for node in _top_level(tree.body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try):
            yield from _top_level([*node.body, *node.orelse])
        if isinstance(node, ast.Try):
            yield from _top_level([each for handler in node.handlers for each in handler.body])


def _other(tree: ast.Module) -> str:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if called in _APPS:
                return f"a {called} app"
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "handle" and len(node.args.args) == 2:
            return "handle(data, context)"
    return ""


def _words_of(tree: ast.Module, *functions: str) -> Iterator[str]:
    for node in _top_level(tree.body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in functions:
            yield from _words(node)


def _words(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
