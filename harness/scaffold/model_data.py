"""Which files go to the archive's root, where `model_fn` finds them: the value of `[model] data`.

Owns: the guess, from the weights that lie there and the file names that the handler's text holds.
May not: open a file.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from harness.scaffold.seen import Entry, Seen

_HERE = PurePosixPath()
# Folders that hold a model and are hardly ever its own name.
_GENERIC = frozenset(
    ("model", "models", "weight", "weights", "artifact", "artifacts", "checkpoint", "checkpoints", "data")
)


def model_data(seen: Seen, entry: Entry) -> tuple[str, ...]:
    """Paths relative to the project: one folder that ends with `/`, whose contents are meant, or files and folders."""
    files = [PurePosixPath(each) for each in seen.files if _is_the_models(each, seen, entry)]
    roots = {file: _root(file, entry.words) for file in files}
    folders = set(roots.values())
    if len(folders) == 1 and _is_its_own(next(iter(folders)), entry):
        return (f"{next(iter(folders))}/",)
    return tuple(dict.fromkeys(str(_below(root, file)) for file, root in roots.items()))


def _is_the_models(file: Path, seen: Seen, entry: Entry) -> bool:
    if file.suffix == ".py" or file == entry.path or _lies_in_source(file, entry):
        return False
    is_named = "." in file.name and any(PurePosixPath(word).name == file.name for word in entry.words)
    return file in seen.weights or is_named


def _lies_in_source(file: Path, entry: Entry) -> bool:
    """A handler in the project's own folder has no source of its own, so the model lies beside it."""
    return entry.source != Path() and entry.source in file.parents


def _root(file: PurePosixPath, words: Iterable[str]) -> PurePosixPath:
    """The folder that stands for model_dir: what is above the longest path that the handler names, else the file's."""
    named = [word for word in words if len(PurePosixPath(word).parts) > 1 and f"/{file}".endswith(f"/{word}")]
    if named:
        return PurePosixPath(*file.parts[: -len(PurePosixPath(max(named, key=len)).parts)])
    parent = file.parent
    return parent.parent if parent != _HERE and parent.name in words and parent.name not in _GENERIC else parent


def _is_its_own(folder: PurePosixPath, entry: Entry) -> bool:
    """Whether the folder holds neither the project nor the handler, so that it can go as a whole."""
    source = PurePosixPath(entry.source)
    return folder != _HERE and folder != source and folder not in source.parents


def _below(root: PurePosixPath, file: PurePosixPath) -> PurePosixPath:
    return root / file.relative_to(root).parts[0]
