"""Takes a state_dict out of a training checkpoint (`deploy weights`) without importing what the checkpoint names.

Every class and function in the pickle becomes an inert record of its name and arguments, and the wanted part is pickled
again from these records; the tensors' bytes are copied. So neither torch nor the classes of the training script are
needed, and no code of the file runs. Prefixes of wrappers are removed from the names. May not: import torch.
"""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from shutil import copyfileobj
from typing import Any, BinaryIO

from deploy.bundle.weights.state_dicts import COUNTERS, check_state_dict, wrapper_prefix
from deploy.config.spelling import did_you_mean
from deploy.core.errors import ConfigurationError
from deploy.core.files import replacing

_PROTOCOL = 2  # what torch.load(weights_only=True) reads
# torch aligns each tensor's bytes to this, so that they can be mapped (caffe2/serialize/inline_container.cc).
_ALIGNMENT = 64
_LOCAL_HEADER_BYTES = 30
# The zip field in which torch pads, `FB`.
_PADDING_ID = 0x4246
_PADDING_HEADER_BYTES = 4


@dataclass(frozen=True)
class Converted:
    path: Path
    key: str
    """Where the state_dict lay, its keys joined by dots; empty for the file's own."""
    tensors: int
    prefix: str
    """Was removed from every name."""


def convert(path: Path, key: str | None, out: Path) -> Converted:
    """Write the state_dict at `key` of a file of torch.save to `out`; by default the only one that it has.

    Raises ConfigurationError for a file that holds none, several without `key`, or not the one at `key`.
    """
    if out.absolute() == path.absolute():
        raise ConfigurationError(f"--out is {path} itself: name another file")
    try:
        with zipfile.ZipFile(path) as source:
            root = _root(path, source)
            found = dict(_state_dicts(_unpickled(path, source.read(f"{root}/data.pkl"))))
            chosen = _chosen(path, found, key)
            tensors = {name: each for name, each in found[chosen].items() if name not in COUNTERS}
            prefix = wrapper_prefix(tensors)
            with replacing(out) as file:
                _write(file, source, root, {name.removeprefix(prefix): each for name, each in tensors.items()})
    except FileNotFoundError as error:
        raise ConfigurationError(f"{path} does not exist: name a checkpoint") from error
    except zipfile.BadZipFile as error:
        raise ConfigurationError(
            f"{path} is no file of torch.save since 1.6, or a damaged one. {_anew(path)}"
        ) from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}") from error
    check_state_dict(out)
    return Converted(out, chosen, len(tensors), prefix)


def _anew(path: Path) -> str:
    newer = str(path.with_suffix(".new.pth"))
    load = f"torch.load({str(path)!r}, map_location='cpu', weights_only=False)"
    return (
        "If an older torch wrote it and you trust it (loading it runs its code), write it anew, and convert that:\n"
        f"  python -c {quote(f'import torch; torch.save({load}, {newer!r})')}"
    )


def _root(path: Path, source: zipfile.ZipFile) -> str:
    roots = [name.removesuffix("/data.pkl") for name in source.namelist() if name.endswith("/data.pkl")]
    is_program = any(name.endswith("/constants.pkl") for name in source.namelist())
    if len(roots) != 1 or is_program:
        what = "a TorchScript program" if is_program else "a zip file that torch.save did not write"
        raise ConfigurationError(f"{path} is {what}: there is no state_dict to take out")
    return roots[0]


class _Inert:
    """An object of a class that is not imported, or what a function that is not called would have returned."""

    module = name = ""

    def __new__(cls, *arguments: Any, **_: Any) -> _Inert:
        made = super().__new__(cls)
        made.arguments = arguments
        return made

    arguments: tuple[Any, ...]

    def __init__(self, *_: Any, **__: Any) -> None: ...
    def __setstate__(self, _: Any) -> None: ...
    def __setitem__(self, _: Any, __: Any) -> None: ...
    def append(self, _: Any) -> None: ...
    def extend(self, _: Any) -> None: ...

    @property
    def is_tensor(self) -> bool:
        return self.module in ("torch._utils", "torch._tensor") and self.name.startswith("_rebuild_")


@dataclass(frozen=True)
class _Storage:
    """The tensors' bytes: `id` is ("storage", class, name of the record, device, number of elements)."""

    id: tuple[Any, ...]


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        return type("Inert", (_Inert,), {"module": module, "name": name})

    def persistent_load(self, pid: Any) -> _Storage:
        return _Storage(tuple(pid))


class _Pickler(pickle._Pickler):  # noqa: SLF001  # the one in C looks every class up, which would import it
    write: Callable[[bytes], object]
    memoize: Callable[[Any], None]

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file, _PROTOCOL)
        self.records: dict[str, None] = {}

    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, _Storage):
            return None
        self.records[str(obj.id[2])] = None
        return obj.id

    def reducer_override(self, obj: Any) -> Any:
        return (type(obj), obj.arguments) if isinstance(obj, _Inert) else NotImplemented

    def save_global(self, obj: Any, name: str | None = None) -> None:
        if not (isinstance(obj, type) and issubclass(obj, _Inert)):
            super().save_global(obj, name)  # type: ignore[misc]  # typeshed leaves it out
            return
        self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())
        self.memoize(obj)


def _unpickled(path: Path, data: bytes) -> Any:
    try:
        return _Unpickler(io.BytesIO(data)).load()
    except Exception as error:  # a damaged pickle can raise anything
        raise ConfigurationError(f"{path} is damaged: its pickle cannot be read ({error!r}). Save it again") from error


def _state_dicts(value: Any, above: Sequence[str] = ()) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(keys joined by dots, the tensors by name) of each dictionary that has tensors among its own values."""
    if not isinstance(value, dict):
        return
    tensors = {key: each for key, each in value.items() if isinstance(key, str) and _is_tensor(each)}
    if tensors:
        yield ".".join(above), tensors
    for key, each in value.items():
        if isinstance(key, str):
            yield from _state_dicts(each, (*above, key))


def _is_tensor(value: Any) -> bool:
    return isinstance(value, _Inert) and value.is_tensor


def _chosen(path: Path, found: Mapping[str, Any], key: str | None) -> str:
    named = [each for each in found if each]
    if not found:
        raise ConfigurationError(
            f"{path} holds no state_dict: save one with torch.save(model.state_dict(), 'weights.pth'), where the "
            "model's class can be imported"
        )
    if key is not None and key not in found:
        there = f"it has {', '.join(named)}" if named else "the file itself is one: leave out --key"
        raise ConfigurationError(f"{path} has no state_dict at {key!r}{did_you_mean(key, named)}; {there}")
    if key is not None:
        return key
    if "" in found or len(named) == 1:
        return "" if "" in found else named[0]
    raise ConfigurationError(f"{path} has several state_dicts: choose one with --key ({', '.join(named)})")


def _write(file: BinaryIO, source: zipfile.ZipFile, root: str, state: Mapping[str, Any]) -> None:
    pickled = io.BytesIO()
    pickler = _Pickler(pickled)
    pickler.dump(dict(state))
    there = set(source.namelist())
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as out:
        out.writestr("archive/data.pkl", pickled.getvalue())
        for name in ("byteorder", *(f"data/{record}" for record in pickler.records), "version"):
            if f"{root}/{name}" in there:
                _copy(source, f"{root}/{name}", out, f"archive/{name}", file.tell())


def _copy(source: zipfile.ZipFile, name: str, out: zipfile.ZipFile, new_name: str, position: int) -> None:
    info = zipfile.ZipInfo(new_name)
    info.file_size = source.getinfo(name).file_size
    start = position + _LOCAL_HEADER_BYTES + len(new_name.encode()) + _PADDING_HEADER_BYTES
    padding = -start % _ALIGNMENT
    info.extra = struct.pack("<HH", _PADDING_ID, padding) + b"Z" * padding
    with source.open(name) as record, out.open(info, "w") as copy:
        copyfileobj(record, copy, 1 << 20)
