"""The rules of the house, as tests: who imports whom, how full a folder may be, what the README promises."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import takewhile
from pathlib import Path
from typing import Any, TypeGuard

import pytest
import typer
from typer.main import get_command

import deploy.cli.main
import harness.cli.main

ROOT = Path(__file__).parent.parent
ROOMS = ("handler", "deploy", "harness", "benchmarks", "tests")
MOST_MODULES = 14
HANDLER_MAY_IMPORT = {"torch", "torchvision", "cv2", "numpy"}
# Imported only inside `try`: the handler must work where they are absent.
HANDLER_MAY_TRY = {"triton", "av", "sagemaker_inference", "sagemaker_pytorch_serving_container"}


def python_files(room: str) -> list[Path]:
    return [path for path in sorted((ROOT / room).rglob("*.py")) if "__pycache__" not in path.parts]


def imported_modules(path: Path) -> Iterator[tuple[str, bool]]:
    """(top-level module, is it inside a `try`) for every import statement of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tried = {id(node) for block in ast.walk(tree) if isinstance(block, ast.Try) for node in ast.walk(block)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name.split(".")[0], id(node) in tried
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.split(".")[0], id(node) in tried


def module_name(path: Path) -> str:
    """As it is imported: `handler/detector/io/media.py` is `detector.io.media`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts[1:] if parts[0] == "handler" else parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def folder_of(module: str) -> str:
    return module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]


def imported_of_ours(module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            named = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = (f"{node.module}.{alias.name}" for alias in node.names)
            named = [each if each in MODULES else node.module for each in inner]
        else:
            continue
        yield from (each for each in named if each in MODULES and each != module)


def branch_pair(one: str, other: str) -> tuple[str, str]:
    """The branches below the deepest common folder: `a.b.c`, `a.d` -> `a.b`, `a.d`; `a`, `a.d` -> `a`, `a.d`."""
    first, second = one.split("."), other.split(".")
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))
    return ".".join(first[: shared + 1]), ".".join(second[: shared + 1])


def is_assignment_to(node: ast.stmt, name: str) -> TypeGuard[ast.Assign]:
    return isinstance(node, ast.Assign) and any(isinstance(each, ast.Name) and each.id == name for each in node.targets)


@pytest.mark.parametrize("path", python_files("handler"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_handler_imports_only_what_the_container_has(path: Path) -> None:
    ours = {"detector", "inference", "__future__"}
    for module, inside_try in imported_modules(path):
        allowed = module in sys.stdlib_module_names | ours | HANDLER_MAY_IMPORT
        assert allowed or (inside_try and module in HANDLER_MAY_TRY), f"{path.name} imports {module}"


@pytest.mark.parametrize("path", python_files("deploy"), ids=lambda path: str(path.relative_to(ROOT)))
def test_deploy_never_imports_the_harness_or_a_model(path: Path) -> None:
    forbidden = {"harness", "handler", "detector", "inference", "torch", "torchvision", "docker", "benchmarks", "tests"}
    assert not forbidden & {module for module, _ in imported_modules(path)}


def trains_or_scores_the_handler(path: Path) -> bool:
    """The sample makers build and train the handler's own network, and the worker of the parity check runs it beside
    torchvision's, in a process of its own; nothing else in the harness may touch it.
    """
    return "samples" in path.parts or path.parts[-2:] == ("parity", "worker.py")


@pytest.mark.parametrize("path", python_files("harness"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_harness_meets_the_handler_only_through_the_endpoint(path: Path) -> None:
    forbidden = {"handler", "benchmarks", "tests"} | (
        set() if trains_or_scores_the_handler(path) else {"detector", "inference", "torch"}
    )
    assert not forbidden & {module for module, _ in imported_modules(path)}


# Module -> the modules of ours that it imports; the detector is top level in the container, so it is here.
MODULES = {module_name(path): path for room in ("handler", "deploy", "harness") for path in python_files(room)}
FOLDERS = sorted({folder_of(module) for module in MODULES})


def test_no_two_folders_import_each_other() -> None:
    """Nor do groups of folders, at any depth: below their common parent, two branches have one direction.

    A parent's own modules are a branch beside its sub-folders, so no folder imports a parent that imports it.
    """
    branches: dict[str, set[str]] = {}
    for module in MODULES:
        for imported in imported_of_ours(module):
            one, other = branch_pair(folder_of(module), folder_of(imported))
            if one != other:
                branches.setdefault(one, set()).add(other)
    try:
        tuple(TopologicalSorter(branches).static_order())
    except CycleError as error:
        pytest.fail(f"these folders import each other: {' -> '.join(error.args[1])}")


@pytest.mark.parametrize("room", ROOMS)
def test_no_folder_holds_more_modules_than_ls_explains(room: str) -> None:
    counts = Counter(path.parent.relative_to(ROOT) for path in python_files(room))
    assert {str(folder): count for folder, count in counts.items() if count > MOST_MODULES} == {}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_has_one_face(folder: str) -> None:
    """Its `__init__` lists in `__all__` every name that it takes from its modules and does not use itself."""
    face = MODULES.get(folder)
    if face is None or face.name != "__init__.py":
        assert folder == "", f"{folder} has no __init__.py"  # the handler's own folder is no package
        return
    tree = ast.parse(face.read_text(encoding="utf-8"))
    taken = {
        alias.asname or alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(folder)
        for alias in node.names
    }
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    listed = [ast.literal_eval(node.value) for node in tree.body if is_assignment_to(node, "__all__")]
    assert taken - used <= set(*listed or [()])


@pytest.mark.parametrize("folder", [folder for folder in FOLDERS if folder])
def test_a_package_names_modules_that_exist(folder: str) -> None:
    """The left column of the table in its docstring, and what is backticked first in a line of it."""
    docstring = ast.get_docstring(ast.parse(MODULES[folder].read_text(encoding="utf-8"))) or ""
    listed = re.findall(r"^ *`?([a-z][a-z0-9_]*)`?/? {2,}\S", docstring, flags=re.MULTILINE)
    there = {path.stem for path in MODULES[folder].parent.rglob("*") if "__pycache__" not in path.parts}
    assert [name for name in listed if name not in there] == []


@pytest.mark.parametrize("module", sorted(MODULES))
def test_no_module_takes_what_another_keeps_to_itself(module: str) -> None:
    private = [
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in ("deploy", "harness", "detector")
        for alias in node.names
        if alias.name.startswith("_")
    ]
    assert private == []


@pytest.mark.parametrize("room", ["deploy", "harness"])
def test_only_the_waiting_module_sleeps(room: str) -> None:
    sleepers = [
        path.relative_to(ROOT)
        for path in python_files(room)
        if re.search(r"\b(time|asyncio)\.sleep\b|import sleep", path.read_text(encoding="utf-8"))
        and path.name != "waiting.py"
    ]
    assert sleepers == []


def test_boto3_clients_are_made_in_one_module_of_each_room() -> None:
    makers = [
        str(path.relative_to(ROOT))
        for room in ("deploy", "harness")
        for path in python_files(room)
        if re.search(r"\b(boto3|session)\.client\(", path.read_text(encoding="utf-8"))
    ]
    assert len([maker for maker in makers if maker.startswith("deploy/")]) <= 1, makers
    assert len([maker for maker in makers if maker.startswith("harness/")]) <= 1, makers


@pytest.mark.parametrize(
    "path", [path for room in ("handler", "deploy", "harness") for path in python_files(room)], ids=str
)
def test_every_module_says_what_it_owns(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{path} has no docstring"


def commands(app: typer.Typer, program: str) -> Iterator[tuple[str, Any]]:
    """Every command with its path of words; Any, because typer keeps click's classes to itself."""

    def walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        command = command.load() if hasattr(command, "load") else command
        yield name, command
        for word, child in getattr(command, "commands", {}).items():
            yield from walk(f"{name} {word}", child)

    yield from walk(program, get_command(app))


EVERY_COMMAND = [*commands(harness.cli.main.app, "harness"), *commands(deploy.cli.main.app, "deploy")]


@pytest.mark.parametrize(("name", "command"), EVERY_COMMAND, ids=[name for name, _ in EVERY_COMMAND])
def test_every_command_and_option_has_help(name: str, command: Any) -> None:
    assert command.help, f"{name} has no help"
    for parameter in command.params:
        assert getattr(parameter, "help", None), f"{name} {parameter.name} has no help"


@pytest.mark.parametrize("program", [harness.cli.main, deploy.cli.main], ids=["harness", "deploy"])
def test_help_lists_every_command_once(program: Any) -> None:
    listed = [name for section in program.SECTIONS for name in section.names]
    assert sorted(listed) == sorted(get_command(program.app).commands)  # type: ignore[attr-defined]  # it is a group


def readme_commands() -> list[str]:
    """Every `harness ...` and `deploy ...` line of the README's shell blocks, without prompt and continuation."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```(?:bash|console|sh)\n(.*?)```", text, flags=re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    pattern = re.compile(r"^(?:uv run )?((?:harness|deploy)\b[^#|]*)")
    return [match.group(1).strip() for line in lines if (match := pattern.match(line))]


def test_the_readme_shows_commands() -> None:
    assert any(line.startswith("harness validate") for line in readme_commands())


@pytest.mark.parametrize("line", readme_commands())
def test_every_command_of_the_readme_exists_with_its_options(line: str) -> None:
    known = dict(EVERY_COMMAND)
    words = shlex.split(line)
    name = words[0]
    rest = words[1 : words.index("--") if "--" in words else None]  # what follows is of another program
    while rest and f"{name} {rest[0]}" in known:
        name, rest = f"{name} {rest[0]}", rest[1:]
    options = {option for parameter in known[name].params for option in (*parameter.opts, *parameter.secondary_opts)}
    required = [each for each in known[name].params if each.required and each.param_type_name == "option"]
    assert [each.name for each in required if not set(each.opts) & set(rest)] == []
    for word in rest:
        if word.startswith("--"):
            assert word.split("=")[0] in options | {"--help"}, f"{name} has no option {word}"


CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def test_contributing_names_every_folder_of_the_rooms() -> None:
    tree = re.search(r"```\nhandler/.*?```", CONTRIBUTING, flags=re.DOTALL)
    assert tree is not None
    named = set(re.findall(r"[a-z_]+(?:/[a-z_]+)*", tree.group()))
    folders = {path.parent.name for room in ("deploy", "harness") for path in (ROOT / room).glob("*/__init__.py")}
    assert folders - named == set()


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)\)", CONTRIBUTING))))
def test_what_contributing_points_at_exists(target: str) -> None:
    assert target.startswith("http") or (ROOT / target).exists()


def test_the_locked_serving_packages_are_those_of_the_official_container() -> None:
    lock = (ROOT / "uv.lock").read_text(encoding="utf-8")
    for name, version in {
        "torch": "2.6.0",
        "torchvision": "0.21.0",
        "torchserve": "0.12.0",
        "sagemaker-pytorch-inference": "2.0.25",
    }.items():
        assert f'name = "{name}"\nversion = "{version}"' in lock


def test_no_file_of_the_repository_names_a_path_of_this_machine() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    home = str(Path.home())
    secrets = (str(ROOT), *(() if home == "/root" else (home + "/",)))  # /root is also a container's
    offenders = [
        name
        for name in tracked
        if name
        and name != "uv.lock"
        and (ROOT / name).is_file()
        and any(secret.encode() in (ROOT / name).read_bytes() for secret in secrets)
    ]
    assert offenders == []
