"""Looks through a folder for a handler, weights, requirements, a Dockerfile, and files that could be a request.

May not: import or run what it finds, follow a link, or look into environments and caches.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from deploy.async_client.content_types import CONTENT_TYPES
from deploy.core.errors import ConfigurationError
from harness.scaffold.functions import functions_of
from harness.scaffold.seen import Entry, Seen

MOST_FILES = 20_000
_WEIGHTS = ".pth .pt .bin .safetensors .onnx .ckpt .pkl .pickle .joblib .h5 .keras .torchscript .engine .pb .tflite"
_LEFT_OUT = "__pycache__ node_modules venv env site-packages build dist rehearsal-report rehearsal-bench"
_OF_INPUTS = "cases case samples sample examples example inputs input data images media assets test_data testdata"
WEIGHTS, LEFT_OUT, FOLDERS_OF_INPUTS = (frozenset(words.split()) for words in (_WEIGHTS, _LEFT_OUT, _OF_INPUTS))
_NAMES_OF_INPUTS = ("request", "sample", "example", "input", "payload", "event", "invoke")
# Types of a request that are no configuration or text of the project, wherever they lie.
_MEDIA = ("image/", "video/", "audio/", "application/x-npy", "application/mxf")
_NO_PROJECT = ("readme", "licen", "copying", "changelog", "notice")


def look(folder: Path) -> Seen:
    """Raises ConfigurationError when the folder is none, or holds too much to be a project."""
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is not a folder: make it, or name another")
    files = tuple(_files(folder))
    entries, others, unreadable = _python(folder, (each for each in files if _may_serve(each)))
    return Seen(
        folder=folder,
        is_empty=all(each.name.lower().startswith((".", *_NO_PROJECT)) for each in folder.iterdir()),
        entries=entries,
        others=others,
        unreadable=unreadable,
        files=files,
        weights=tuple(each for each in files if each.suffix.lower() in WEIGHTS),
        requirements=tuple(each for each in files if each.name == "requirements.txt"),
        dockerfile=next((each for each in files if each.name == "Dockerfile"), None),
        inputs=tuple(each for each in files if _may_be_a_request(each)),
    )


def _files(folder: Path) -> Iterator[Path]:
    """Relative paths, the shallow before the deep, sorted by name."""
    found: list[Path] = []
    for at, folders, names in os.walk(folder):
        here = Path(at)
        folders[:] = sorted(each for each in folders if not _is_left_out(here / each))
        found += [(here / name).relative_to(folder) for name in names if not name.startswith(".")]
        if len(found) > MOST_FILES:
            raise ConfigurationError(f"{folder} holds more than {MOST_FILES} files: run in the folder of the project")
    yield from sorted(found, key=lambda path: (len(path.parts), path.as_posix()))


def _is_left_out(folder: Path) -> bool:
    return folder.name.startswith(".") or folder.name in LEFT_OUT or (folder / "pyvenv.cfg").exists()


def _python(folder: Path, files: Iterable[Path]) -> tuple[tuple[Entry, ...], tuple[Entry, ...], tuple[str, ...]]:
    found: list[Entry] = []
    unreadable: list[str] = []
    for path in files:
        try:
            found.append(Entry(path, functions_of(folder / path)))
        except SyntaxError as error:
            unreadable.append(f"{path}:{error.lineno or 1}: {error.msg}")
        except (ValueError, OSError, RecursionError) as error:
            unreadable.append(f"{path}: {error}")
    hooked = (each for each in found if each.functions.hooks)
    entries = sorted((replace(each, siblings=_words_beside(each, found)) for each in hooked), key=_likelihood)
    others = [each for each in found if each.functions.other and not each.functions.hooks]
    return tuple(entries), tuple(others), tuple(unreadable)


def _words_beside(entry: Entry, found: Iterable[Entry]) -> frozenset[str]:
    beside = (each.functions.words for each in found if entry.source in each.path.parents)
    return frozenset().union(*beside)


def _may_serve(path: Path) -> bool:
    is_test = path.name.startswith(("test_", "conftest")) or {"tests", "test"} & set(path.parts[:-1])
    return path.suffix == ".py" and not is_test


def _likelihood(entry: Entry) -> tuple[bool, bool, int, int]:
    """The smallest is the likeliest: it loads the model, has the usual name, many functions, and lies near."""
    hooks = entry.functions.hooks
    return "model_fn" not in hooks, entry.path.name != "inference.py", -len(hooks), len(entry.path.parts)


def _may_be_a_request(path: Path) -> bool:
    content_type = CONTENT_TYPES.get(path.suffix.lower(), "")
    if not content_type or path.name.lower().startswith(("requirements", *_NO_PROJECT)):
        return False
    is_named_so = path.stem.lower().startswith(_NAMES_OF_INPUTS)
    lies_there = bool(FOLDERS_OF_INPUTS & {part.lower() for part in path.parts[:-1]})
    is_output = "schema" in path.name or "golden" in path.name or "expected" in path.name
    return not is_output and (is_named_so or lies_there or content_type.startswith(_MEDIA))
