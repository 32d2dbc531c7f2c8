"""R101: the files lie where the PyTorch inference toolkit looks for them, and nothing else is packed along.

Sources: "Model Directory Structure" of the SageMaker Python SDK's PyTorch page; `sagemaker_inference`
(`environment.py`: `code_dir`; `model_server.py`: `code/requirements.txt`) and `sagemaker_pytorch_serving_container`
2.0.25 (`default_pytorch_inference_handler.py`) for what is loaded without a handler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from harness.preflight.rules.rule import Problem, Rule
from harness.preflight.subject import Entry, Subject

_CODE = "code"
_REQUIREMENTS = "requirements.txt"
_WEIGHTS = (".pth", ".pt", ".safetensors", ".onnx", ".ckpt")
# The toolkit's default model_fn takes these, and only as TorchScript.
_LOADED_BY_DEFAULT = (".pth", ".pt")
# Problems of one kind; the rest are counted.
_SHOWN = 20


def problems(subject: Subject) -> Iterator[Problem]:
    """What may not be unpacked comes first, then the entry point, then what is out of place."""
    if subject.is_archive and not subject.path.name.endswith(".tar.gz"):
        advice = "name it model.tar.gz, if it is a gzipped tar archive; else pack it with `tar -czf model.tar.gz`"
        yield Problem("the archive is not named .tar.gz", advice, subject.path.name)
    yield from _capped(_unsafe, subject.entries)
    sound = [entry for entry in subject.entries if _unsafe(entry) is None]
    yield from _capped(_junk, sound)
    files = [entry for entry in sound if entry.kind == "file" and _junk(entry) is None]
    yield from _entry_point(files, subject.entry_point)
    yield from _alone(files)
    yield from _capped(_misplaced, files)


def _capped(problem_of: Callable[[Entry], Problem | None], entries: Sequence[Entry]) -> Iterator[Problem]:
    found = [problem for entry in entries if (problem := problem_of(entry)) is not None]
    yield from found[:_SHOWN]
    if len(found) > _SHOWN:
        last = found[-1]
        yield Problem(f"{len(found) - _SHOWN} more members like the last one", last.advice, severity=last.severity)


def _unsafe(entry: Entry) -> Problem | None:
    if entry.leaves_the_root:
        return Problem("the member's name points outside of /opt/ml/model", "pack it below the root", entry.shown)
    if entry.kind == "link":
        advice = "pack the file itself: `tar --dereference`"
        return Problem(f"the member is a link to {entry.shown_target}", advice, entry.shown)
    if entry.kind == "other":
        return Problem("the member is neither a file nor a folder", "leave it out", entry.shown)
    return None


def _junk(entry: Entry) -> Problem | None:
    """What macOS's tar and Finder add."""
    if not any(part in ("__MACOSX", ".DS_Store") or part.startswith("._") for part in entry.parts):
        return None
    advice = "pack with `COPYFILE_DISABLE=1 tar --exclude .DS_Store -czf model.tar.gz`"
    return Problem("the member is macOS metadata, not the model's", advice, entry.shown, "warning")


def _misplaced(entry: Entry) -> Problem | None:
    if len(entry.parts) > 1 and entry.parts[0] == _CODE and entry.name.lower().endswith(_WEIGHTS):
        advice = "put it in the root: `model_fn(model_dir)` is given /opt/ml/model, and code/ is for the handler"
        return Problem("weights lie under code/", advice, entry.shown, "warning")
    if entry.parts == (_REQUIREMENTS,):
        advice = f"move it to {_CODE}/{_REQUIREMENTS}"
        message = f"{_REQUIREMENTS} lies in the root, where nobody reads it"
        return Problem(message, advice, entry.shown, "warning")
    return None


def _alone(files: Sequence[Entry]) -> Iterator[Problem]:
    """The server (ModelArchive.downloadModel of its 0.12.0) takes the only entry of /opt/ml/model if it can."""
    if files and all(len(entry.parts) > 1 and entry.parts[0] == _CODE for entry in files):
        message = f"{_CODE}/ is alone in the archive, so that model_fn is given /opt/ml/model/{_CODE} as its model_dir"
        advice = "pack the model's files beside it, or, when there are none, an empty file such as no_model.txt"
        yield Problem(message, advice, f"{_CODE}/", "warning")


def _entry_point(files: Sequence[Entry], name: str) -> Iterator[Problem]:
    """The cause that explains most, and one alone."""
    wanted = (_CODE, *name.split("/"))
    places = {entry.parts for entry in files}
    if wanted in places:
        return
    tops = {parts[0] for parts in places}
    if not files:
        yield Problem("it holds no file", f"pack the model in the root and the handler as {_CODE}/{name}")
    elif len(tops) == 1 and _CODE not in tops and all(len(parts) > 1 for parts in places):
        top = next(entry for entry in files).shown_top
        yield Problem(
            f"everything is wrapped in one folder, so that {_CODE}/{name} is not found",
            f"pack the folder's contents, not the folder: `tar -C {top} -czf model.tar.gz .`",
            f"{top}/",
        )
    else:
        yield _missing(files, name)


def _missing(files: Sequence[Entry], name: str) -> Problem:
    namesake = next((entry for entry in files if entry.parts[-1] == name.rsplit("/", 1)[-1]), None)
    if namesake is not None:
        message = f"the entry point is at {namesake.shown}, and the toolkit looks for {_CODE}/{name}"
        return Problem(message, f"move it, and what it imports, to {_CODE}/", namesake.shown)
    if any(entry.parts[0] == _CODE and len(entry.parts) > 1 for entry in files):
        advice = f"name the module with model_fn and transform_fn {name}, or set SAGEMAKER_PROGRAM to its name"
        return Problem(f"{_CODE}/ holds no {name}", advice, f"{_CODE}/")
    model = next((entry for entry in files if _is_loaded_by_default(entry)), None)
    if model is not None:
        message = f"there is no {_CODE}/: the toolkit's own model_fn loads {model.shown} as TorchScript, or fails"
        advice = f"add {_CODE}/{name} with a model_fn, unless the model was saved by torch.jit.save"
        return Problem(message, advice, model.shown, "warning")
    return Problem(f"there is no {_CODE}/{name}", f"put the handler's files into {_CODE}/", f"{_CODE}/")


def _is_loaded_by_default(entry: Entry) -> bool:
    return len(entry.parts) == 1 and entry.name.endswith(_LOADED_BY_DEFAULT)


RULE = Rule(
    id="R101",
    name="layout",
    summary="code/inference.py, the model's files in the root, and plain members only",
    severity="error",
    explanation=(
        "SageMaker unpacks model.tar.gz into /opt/ml/model, and the PyTorch toolkit imports "
        "/opt/ml/model/code/inference.py (SAGEMAKER_PROGRAM names another module). A file one folder too high or too "
        "deep is not found: the container starts, and every request fails, or the endpoint never comes into service. "
        "Links, devices and names that leave the root are refused when the archive is unpacked."
    ),
    problems=problems,
)
