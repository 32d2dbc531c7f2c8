"""Chooses what lies in the archive's root, beside `code/`: the model, as the project names it.

`[model] data` is any files of any handler, `weights` and `spec` are those of the flagship, whose weights are checked
before anything is packed; a project that names neither gets torchvision's COCO weights when its handler is the
flagship's, and no weights when it is another. May not: load weights, or know how an archive is written.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from deploy.bundle import folders
from deploy.bundle.archive import Member
from deploy.bundle.folders import check_plain, files_below
from deploy.bundle.weights import check_state_dict, download
from deploy.config import Project
from deploy.core import settings
from deploy.core.errors import ConfigurationError, DeployError

WEIGHTS = "model.pth"
SPEC = "model.json"
_CODE = "code"
_SPEC_SCHEMA = "rehearsal.model/1"
# The flagship is told by this file, which also the parity check looks for.
_FLAGSHIP = Path("detector", "model", "architectures.py")
# TorchServe takes the only folder in /opt/ml/model for the model itself (ModelArchive.downloadModel of 0.12.0), so that
# model_fn would be given /opt/ml/model/code. A file beside it prevents that.
_PLACEHOLDER = "no_model.txt"


@dataclass(frozen=True)
class ModelFiles:
    members: tuple[Member, ...]
    origin: str
    """`coco`, `none`, or the names that [model] gives, for people to read."""


def of_project(project: Project, on_progress: download.OnProgress | None = None) -> ModelFiles:
    """The members of the archive's root. Raises ConfigurationError for what cannot be packed or is not what the handler
    needs, DeployError when the COCO weights cannot be downloaded.
    """
    model, is_flagship = project.model, has_flagship_handler(project.handler.source)
    if model.data is not None:
        return _of_data(project, is_flagship=is_flagship)
    if isinstance(model.weights, Path):
        check_state_dict(model.weights)
        return ModelFiles((Member(WEIGHTS, model.weights), *_spec(project)), model.weights.name)
    if model.weights == "coco" or model.spec is not None or is_flagship:
        _check_is_of_coco(model.spec)
        weights = download.coco_weights(settings.read().cache_dir, on_progress=on_progress)
        check_state_dict(weights)
        return ModelFiles((Member(WEIGHTS, weights), *_spec(project)), "coco")
    return ModelFiles((_placeholder(),), "none")


def has_flagship_handler(source: Path) -> bool:
    """Whether the folder is the flagship handler, or one made from it."""
    return (source / _FLAGSHIP).is_file()


def check_space(members: Iterable[Member], out_dir: Path) -> None:
    """Raises DeployError when the disk of `out_dir` is too small: members are stored in the archive as they are."""
    needed = sum(member.source.stat().st_size for member in members)
    existing = next(folder for folder in (out_dir.absolute(), *out_dir.absolute().parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    if needed > free:
        raise DeployError(
            f"{out_dir}: the archive will have {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are free there: make "
            "room, name a folder on another disk with --out, or leave files out of [model] data"
        )


def _placeholder() -> Member:
    return Member(_PLACEHOLDER, Path(str(files("deploy") / "data" / _PLACEHOLDER)))


def _of_data(project: Project, *, is_flagship: bool) -> ModelFiles:
    named = project.model.data
    paths = named if isinstance(named, tuple) else (named,) if named else ()
    _check_apart(project, paths)
    members = sorted(_members(project, paths, spread=not isinstance(named, tuple)), key=lambda each: each.name)
    _check_names(project, members)
    if is_flagship:
        _check_flagship(project, members)
    return ModelFiles(tuple(members), ", ".join(path.name for path in paths))


def _members(project: Project, paths: Sequence[Path], *, spread: bool) -> Iterator[Member]:
    """`spread`: the contents of a folder are members, not the folder itself."""
    for path in paths:
        if not path.is_symlink() and not path.exists():
            raise ConfigurationError(f"{path} (model.data in {project.path}) does not exist")
        check_plain(path, "[model] data")
        if path.is_file():
            yield Member(path.name, path)
            continue
        found = list(files_below(path, "[model] data"))
        if not found:
            raise ConfigurationError(
                f"{path} (model.data in {project.path}) holds no file, hidden ones aside: put the model there, or "
                "leave the key out if the handler needs none"
            )
        above = path if spread else path.parent
        yield from (Member(each.relative_to(above).as_posix(), each) for each in found)


def _check_apart(project: Project, paths: Sequence[Path]) -> None:
    """Refuse a model that is packed a second time with the handler, or the other way round."""
    handler, is_own = folders.plain(project.handler.source), folders.is_projects_own(project)
    for path in paths:
        model = folders.plain(path)
        if handler == model or (handler in model.parents and not is_own):
            raise ConfigurationError(
                f"{project.path}: model.data = {path} lies in {project.handler.source}, which is packed as {_CODE}/: "
                "move the model out of the handler's folder, since model_fn is given the archive's root"
            )
        if model in handler.parents:
            raise ConfigurationError(
                f"{project.path}: model.data = {path} holds {project.handler.source}, which is packed as {_CODE}/: "
                "keep handler and model in folders beside each other"
            )


def _check_names(project: Project, members: Sequence[Member]) -> None:
    seen: dict[str, Path] = {}
    for member in members:
        if member.name.partition("/")[0] == _CODE:
            raise ConfigurationError(
                f"{member.source}: model.data in {project.path} would put it into {_CODE}/, the handler's place: name "
                "the handler's folder with [handler] source, and the model's files alone with data"
            )
        if member.name in seen:
            raise ConfigurationError(
                f"{project.path}: model.data names {seen[member.name]} and {member.source}, both {member.name} in the "
                "archive's root: rename one, or list one"
            )
        seen[member.name] = member.source


def _check_flagship(project: Project, members: Sequence[Member]) -> None:
    """The flagship reads `model.pth` and `model.json`, and nothing else."""
    sources = {member.name: member.source for member in members}
    if WEIGHTS not in sources:
        raise ConfigurationError(
            f"{project.path}: the handler is the flagship's, which loads {WEIGHTS}, and model.data has none: use "
            "[model] weights and spec, or put the state_dict there under this name"
        )
    check_state_dict(sources[WEIGHTS])
    if SPEC in sources:
        _check_spec(sources[SPEC])


def _spec(project: Project) -> Iterator[Member]:
    spec = project.model.spec
    if spec is None:
        return
    if not spec.is_file():
        raise ConfigurationError(f"{spec} (model.spec in {project.path}) does not exist")
    _check_spec(spec)
    yield Member(SPEC, spec)


def _check_is_of_coco(spec: Path | None) -> None:
    """Refuse, before they are downloaded, weights that are another network's than the specification says."""
    if spec is None or not spec.is_file():
        return
    _check_spec(spec)
    own, of_coco = json.loads(spec.read_text(encoding="utf-8")).get("architecture"), download.COCO_ARCHITECTURE
    if own not in (None, of_coco):
        raise ConfigurationError(
            f"{spec} is of the architecture {own!r}, and the COCO weights, which are taken where [model] weights names "
            f"no file, are of {of_coco}: name the model's own state_dict with weights, or leave spec out"
        )


def _check_spec(path: Path) -> None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} is no JSON document ({error}): correct it") from error
    if not isinstance(document, dict) or document.get("schema") != _SPEC_SCHEMA:
        raise ConfigurationError(
            f'{path} is no specification of a model of the flagship: it lacks "schema": "{_SPEC_SCHEMA}". Write '
            "architecture, num_classes and labels there; files of another handler's model are named with [model] data"
        )
