"""Tells whether a file is a state_dict by reading the pickle's instructions, never by executing them.

A state_dict names only OrderedDict and torch's own functions that rebuild tensors. Any other name in a pickle is code
that loading it would import and run: a pickled whole model, or something worse.

May not: import torch or unpickle anything.
"""

from __future__ import annotations

import pickletools
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from shlex import quote
from typing import IO, Any

from deploy.bundle.weights.pickles import Node, objects, outline, state_dicts
from deploy.core.errors import ConfigurationError

# torch.load(weights_only=True) of torch 2.6 imports these, as `module name` (torch/_weights_only_unpickler.py).
_HARMLESS = re.compile(
    "|".join(
        (
            r"collections (OrderedDict|Counter)",
            r"(builtins|__builtin__) (set|bytearray|complex)",
            r"_codecs encode",
            r"torch per_(tensor|channel)_(affine|symmetric|affine_float_qparams)",
            r"torch (Size|device|Tensor|[A-Z][A-Za-z0-9]*Storage)",
            r"torch (b?float\d+\w*|u?int\d+|quint\d\w*|qu?int\d+|complex\d+|bool)",
            r"torch\.storage (TypedStorage|UntypedStorage)",
            r"torch\.serialization _get_layout",
            r"torch\.nn\.parameter Parameter",
            r"torch\._utils _rebuild_[a-z0-9_]+",
            r"torch\._tensor _rebuild_from_type_v2",
        )
    )
)
_ZIP_MAGIC = b"PK\x03\x04"
# torch.save before 1.6 pickles this number first (torch/serialization.py, MAGIC_NUMBER).
_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
# Protocol version and system information follow the magic number.
_LEGACY_PICKLES_BEFORE_OBJECT = 2
_HEAD_BYTES = 64
_WEIGHTS_KEYS = (
    "state_dict", "model_state_dict", "model", "model_state", "weights", "network", "net", "module", "ema", "model_ema",
    "ema_model", "ema_state_dict", "state_dict_ema",
)  # fmt: skip
# What DataParallel and torch.compile put before the names of the model that they wrap.
_WRAPPERS = ("module.", "_orig_mod.")
# torch.optim.swa_utils.AveragedModel counts its updates in this tensor of its state_dict.
COUNTERS = ("n_averaged",)
_GLOBAL_OPCODES = ("GLOBAL", "INST")
_READ = ("GET", "BINGET", "LONG_BINGET")
_WRITE = ("PUT", "BINPUT", "LONG_BINPUT")


def check_state_dict(path: Path) -> None:
    """Raises ConfigurationError when `path` is not a state_dict of torch.save, saying what it is and what to do."""
    try:
        with path.open("rb") as file:
            check = _check_zip if file.read(len(_ZIP_MAGIC)) == _ZIP_MAGIC else _check_legacy
        check(path)
    except FileNotFoundError as error:
        raise ConfigurationError(f"{path} does not exist: name weights with [model] weights or --weights") from error
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}") from error


def _check_zip(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            if any(name.endswith("/constants.pkl") for name in names):
                raise ConfigurationError(f"{path} is a TorchScript program, not weights. {_conversion(path, 'jit')}")
            pickles = [name for name in names if name.split("/")[-1] == "data.pkl"]
            if len(pickles) != 1:
                raise ConfigurationError(f"{path} is a zip file that torch.save did not write. {_WHAT_IS_NEEDED}")
            with archive.open(pickles[0]) as file:
                _check_object(path, file)
    except zipfile.BadZipFile as error:
        raise ConfigurationError(f"{path} is damaged ({error}): copy or download it again") from error


def _check_legacy(path: Path) -> None:
    with path.open("rb") as file:
        if not _starts_with_magic(file):
            file.seek(0)
            head = file.read(_HEAD_BYTES)
            raise ConfigurationError(f"{path} is not a file of torch.save: it {_looks_like(head)}. {_WHAT_IS_NEEDED}")
        for _ in range(_LEGACY_PICKLES_BEFORE_OBJECT):
            _globals(path, file)
        _check_object(path, file)


def _starts_with_magic(file: IO[bytes]) -> bool:
    """Whether the first pickle is the magic number; if so, `file` is left at the second."""
    try:
        arguments = [argument for _, argument, _ in pickletools.genops(file)]
    except Exception:  # pickletools raises errors of many types on bytes that are not a pickle
        return False
    return _LEGACY_MAGIC in arguments


def wrapper_prefix(names: Iterable[str]) -> str:
    """What DataParallel and torch.compile put before every name of a state_dict; empty for a plain one."""
    prefix, rest = "", [name for name in names if name not in COUNTERS]
    while rest and (found := next((each for each in _WRAPPERS if all(name.startswith(each) for name in rest)), "")):
        prefix, rest = prefix + found, [name.removeprefix(found) for name in rest]
    return prefix


def _check_object(path: Path, file: IO[bytes]) -> None:
    start = file.tell()
    foreign = sorted({name for name in _globals(path, file) if not _HARMLESS.fullmatch(name)})
    file.seek(start)
    root = _outlined(path, file, foreign)
    found = sorted(state_dicts(root), key=_likeliest)
    if found and () not in found:
        raise ConfigurationError(_wrapped(path, found))
    if foreign:
        raise ConfigurationError(_foreign(path, foreign, root))
    if not found:
        what = "an empty dictionary or one without tensors" if root.kind == "dict" else "no dictionary"
        raise ConfigurationError(f"{path} holds {what}, not a state_dict. {_WHAT_IS_NEEDED}")
    _check_names(path, root)


def _outlined(path: Path, file: IO[bytes], foreign: Sequence[str]) -> Node:
    try:
        return outline(file)
    except (IndexError, ValueError, KeyError) as error:
        if foreign:
            return Node("other")
        raise ConfigurationError(f"{path} is damaged: its pickle makes no object ({error!r}). Save it again") from error


def _check_names(path: Path, root: Node) -> None:
    """Require the names of the model itself, because the handler gives the file's object itself to load_state_dict."""
    prefix = wrapper_prefix(key.text for key, value in root.items if value.kind == "tensor")
    if prefix:
        raise ConfigurationError(
            f"{path} was saved from a wrapped model (DataParallel, torch.compile): every name begins with {prefix!r}, "
            f"and the handler's model has none of these. {_TAKE_IT_OUT}:\n  {_command(path)}\n{_OR_AS_IT_IS}"
        )


def _likeliest(keys: tuple[str, ...]) -> tuple[bool, int]:
    """Sort the usual names of weights first, then the shallowest."""
    return (keys[-1:] != () and keys[-1] not in _WEIGHTS_KEYS, len(keys))


def _wrapped(path: Path, found: list[tuple[str, ...]]) -> str:
    places = ["".join(f"[{key!r}]" for key in keys) for keys in found]
    others = f"; also {', '.join(places[1:4])}" if places[1:] else ""
    commands = "\n".join(f"  {_command(path, keys)}" for keys in found[:3])
    return (
        f"{path} is a checkpoint whose state_dict lies at {places[0]}{others}: the handler loads the file itself as a "
        f"state_dict, so the model would not load. {_TAKE_IT_OUT}{' (one of these)' if found[1:] else ''}:\n{commands}"
        f"\n{_OR_AS_IT_IS}"
    )


def _command(path: Path, keys: Sequence[str] = ()) -> str:
    """What to type, and which of several it takes."""
    key = ".".join(keys)
    averaged = "  # the averaged weights" if "ema" in key.lower().split("_") else ""
    return " ".join(["deploy weights", quote(str(path)), *([f"--key {quote(key)}"] if key else [])]) + averaged


def _foreign(path: Path, foreign: Sequence[str], root: Node) -> str:
    shown = ", ".join(name.replace(" ", ".") for name in foreign[:5])
    said = (
        f"{path} is a pickled object, not a state_dict: loading it would import {shown}"
        f"{' and more' if foreign[5:] else ''}."
    )
    if root.holds_tensors():
        return f"{said} {_TAKE_IT_OUT}, which imports nothing:\n  {_command(path)}\n{_OR_AS_IT_IS}"
    models = sorted(key for key, of in objects(root) if of in foreign)
    usual = [key for key in models if key in _WEIGHTS_KEYS]
    return f"{said} {_conversion(path, 'pickle', (usual or models or [''])[0])}"


def _globals(path: Path, file: IO[bytes]) -> list[str]:
    """Every `module name` that one pickle would import."""
    try:
        return list(_walk(file))
    except Exception as error:  # pickletools raises errors of many types on a damaged stream
        raise ConfigurationError(f"{path} is damaged: its pickle cannot be read ({error}). Save it again") from error


def _walk(file: IO[bytes]) -> Iterator[str]:
    memo: dict[Any, str | None] = {}
    strings: list[str | None] = [None, None]
    for opcode, argument, _ in pickletools.genops(file):
        if opcode.name in _GLOBAL_OPCODES:
            yield str(argument)
        elif opcode.name == "STACK_GLOBAL":
            module, name = strings[-2:]
            yield f"{module} {name}"
        elif opcode.name == "MEMOIZE":
            memo[len(memo)] = strings[-1]
        elif opcode.name in _WRITE:
            memo[argument] = strings[-1]
        else:
            strings = [strings[-1], memo.get(argument) if opcode.name in _READ else _text(argument)]


def _text(argument: Any) -> str | None:
    return argument if isinstance(argument, str) else None


_TAKE_IT_OUT = "Make a state_dict of it"
_OR_AS_IT_IS = "A handler of your own that reads the file as it is gets it by [model] data."
_WHAT_IS_NEEDED = "Needed is a state_dict: torch.save(model.state_dict(), 'weights.pth')"
_SIGNATURES = (
    (b"version https://git-lfs", "is a Git LFS pointer (run `git lfs pull`)"),
    (b"<", "looks like a web page, not a download"),
    (b"\x89HDF", "is an HDF5 file"),
    (b"\x1f\x8b", "is gzipped (is it a model.tar.gz already?)"),
    (b"\x80", "is a plain pickle"),
)


def _looks_like(head: bytes) -> str:
    if not head:
        return "is empty"
    if head[8:10] == b'{"':
        return "is a safetensors file (load it with safetensors.torch.load_file and save it with torch.save)"
    return next((text for signature, text in _SIGNATURES if head.startswith(signature)), "has another format")


def _conversion(path: Path, kind: str, key: str = "") -> str:
    load = f"torch.load({str(path)!r}, map_location='cpu', weights_only=False)" + (f"[{key!r}]" if key else "")
    if kind == "jit":
        load = f"torch.jit.load({str(path)!r}, map_location='cpu')"
    return (
        "If you trust the file (loading it runs its code), convert it where its classes can be imported:\n"
        f'  python -c "import torch; torch.save({load}.state_dict(), {str(path.with_suffix(".state_dict.pth"))!r})"'
    )
