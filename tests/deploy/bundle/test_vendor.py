"""Vendored packages: the real pip, an index that is a folder, and wheels that hold one line."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from deploy import bundle
from deploy.bundle.vendor import vendor
from deploy.config import Project
from deploy.core.errors import ConfigurationError, DeployError
from tests import wheels
from tests.deploy.projects import write_project

THIS = f"cp{sys.version_info[0]}{sys.version_info[1]}"
X86 = "manylinux_2_28_x86_64"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return write_project(tmp_path / "project")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All that pip finds in this test."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def offer(index: Path, name: str, version: str = "1.0", tag: str = "py3-none-any", *requires: str) -> None:
    data = wheels.wheel(name, version, tag, modules={f"{name}.py": f"VERSION = {version!r}\n"}, requires=requires)
    (index / wheels.file_name(name, version, tag)).write_bytes(data)


def names(project: Project) -> list[str]:
    return sorted(path.name for path in (project.handler.source / "wheels").iterdir())


def lines(project: Project) -> list[str]:
    return (project.handler.source / "requirements.txt").read_text().splitlines()[1:]


def test_one_wheel_serves_every_python_where_it_can(project: Project, index: Path) -> None:
    offer(index, "decoder", "1.0", f"cp311-abi3-{X86}")
    offer(index, "decoder", "0.9", f"cp311-abi3-{X86}")
    done = vendor(project, ["decoder"])
    assert names(project) == [wheels.file_name("decoder", "1.0", f"cp311-abi3-{X86}")]
    assert lines(project) == ["--no-index", "--find-links wheels", "decoder==1.0"]
    assert done.size_bytes == done.wheels[0].stat().st_size
    assert done.unmet == ()


@pytest.mark.skipif(THIS == "cp312", reason="the container's Python is this one's: there is one version to serve")
def test_the_version_is_one_that_both_pythons_can_run(project: Project, index: Path) -> None:
    """The container has 3.12; the process runtime serves with the Python that runs this."""
    offer(index, "decoder", "2.0", f"cp312-abi3-{X86}")
    for version in ("1.0", "1.1"):
        for python in (THIS, "cp312"):
            offer(index, "decoder", version, f"{python}-{python}-{X86}")
    vendor(project, ["decoder"])
    expected = {wheels.file_name("decoder", "1.1", f"{python}-{python}-{X86}") for python in (THIS, "cp312")}
    assert set(names(project)) == expected
    assert lines(project)[-1:] == ["decoder==1.1"]


def test_what_is_not_named_again_goes(project: Project, index: Path) -> None:
    for name in ("one", "two", "three"):
        offer(index, name)
    vendor(project, ["one", "two"])
    vendor(project, ["two==1.0", "three"])
    assert names(project) == ["three-1.0-py3-none-any.whl", "two-1.0-py3-none-any.whl"]
    assert lines(project)[2:] == ["three==1.0", "two==1.0"]


def test_what_a_package_requires_is_told_not_fetched(project: Project, index: Path) -> None:
    offer(
        index,
        "one",
        "1.0",
        "py3-none-any",
        "two>=1",
        "torch>=2",
        'extra-only; extra == "all"',
        'odd; sys_platform == "x"',
    )
    offer(index, "two")
    assert vendor(project, ["one"]).unmet == ("torch>=2", "two>=1")
    assert vendor(project, ["one", "Two"]).unmet == ("torch>=2",)


def install(listing: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """As the toolkit does at a start of the container, with the torch of this environment."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target), "-r", str(listing)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


OLD_TORCH = ("torch<2.3,>=2.2", "torchvision<0.18", "needed-too>=1")


def test_a_bound_that_the_image_does_not_meet_changes_nothing(project: Project, index: Path) -> None:
    offer(index, "detector", "2.6", "py3-none-any", *OLD_TORCH)
    with pytest.raises(ConfigurationError) as caught:
        vendor(project, ["detector"])
    assert "torch<2.3,>=2.2, and the image has 2.6.0; torchvision<0.18, and the image has 0.21.0" in str(caught.value)
    assert "add --no-deps" in str(caught.value)
    assert not (project.handler.source / "requirements.txt").exists()
    assert not (project.handler.source / "wheels").exists()


def test_an_image_that_nobody_knows_is_not_judged(tmp_path: Path, index: Path) -> None:
    offer(index, "detector", "2.6", "py3-none-any", *OLD_TORCH)
    project = write_project(tmp_path, extra='[container]\nimage = "example/mine:1"\n')
    assert vendor(project, ["detector"]).unmet == ("needed-too>=1", "torch<2.3,>=2.2", "torchvision<0.18")


def test_without_dependencies_pip_installs_what_the_image_would_not_meet(
    project: Project, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(index, "detector", "2.6", "py3-none-any", *OLD_TORCH, "helper>=1")
    offer(index, "helper", "1.0")
    done = vendor(project, ["detector", "helper"], no_deps=True)
    assert (done.unmet, done.removed, done.refusal) == (
        ("needed-too>=1", "torch<2.3,>=2.2", "torchvision<0.18"), True, None,
    )  # fmt: skip
    monkeypatch.delenv("PIP_FIND_LINKS")
    assert install(done.requirements, tmp_path / "site").returncode == 0
    assert (tmp_path / "site" / "detector.py").is_file()
    (metadata,) = (tmp_path / "site").glob("detector-*.dist-info/METADATA")
    assert [line for line in metadata.read_text().splitlines() if line.startswith("Requires-Dist")] == [
        "Requires-Dist: helper>=1"
    ]


@pytest.mark.parametrize("requires", ["nobody-has-this>=1", "packaging<1"])
def test_what_pip_would_refuse_here_is_told_in_its_words(
    project: Project, index: Path, tmp_path: Path, requires: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(index, "one", "1.0", "py3-none-any", requires)
    done = vendor(project, ["one"])
    name = requires.split("<")[0].split(">")[0]
    assert done.refusal is not None
    assert name in done.refusal
    monkeypatch.delenv("PIP_FIND_LINKS")
    refused = install(done.requirements, tmp_path / "site")
    assert refused.returncode != 0
    assert done.refusal in refused.stderr


def test_what_pip_would_install_here_is_not_refused(project: Project, index: Path) -> None:
    offer(index, "one", "1.0", "py3-none-any", "torch>=2.6", "packaging")
    assert vendor(project, ["one"]).refusal is None


def test_a_listing_of_somebody_elses_stays(project: Project, index: Path) -> None:
    offer(index, "one")
    listing = project.handler.source / "requirements.txt"
    listing.write_text("mine==1\n")
    with pytest.raises(ConfigurationError, match=r"requirements.txt was written by somebody else.*move it away"):
        vendor(project, ["one"])
    assert listing.read_text() == "mine==1\n"
    assert not (project.handler.source / "wheels").exists()


def test_wheels_that_it_did_not_place_stay(project: Project, index: Path) -> None:
    offer(index, "one")
    mine = project.handler.source / "wheels" / "mine-1.0-py3-none-any.whl"
    mine.parent.mkdir()
    mine.write_bytes(b"mine")
    with pytest.raises(ConfigurationError, match="holds wheels, and no requirements"):
        vendor(project, ["one"])
    assert mine.read_bytes() == b"mine"


def test_a_package_without_a_fitting_wheel_changes_nothing(project: Project, index: Path) -> None:
    offer(index, "one")
    vendor(project, ["one"])
    offer(index, "two", "1.0", "cp311-abi3-manylinux_2_28_aarch64")
    with pytest.raises(
        DeployError, match=r"no wheel of two for Python 3\.\d+ on x86-64 Linux with glibc 2.28: pip says"
    ):
        vendor(project, ["two"])
    assert names(project) == ["one-1.0-py3-none-any.whl"]
    assert lines(project)[2:] == ["one==1.0"]


@pytest.mark.parametrize("wanted", ["av=18", "-r other.txt", "--index-url=x", "a b", ""])
def test_what_is_no_requirement_never_reaches_pip(project: Project, index: Path, wanted: str) -> None:
    with pytest.raises(ConfigurationError, match="is no requirement"):
        vendor(project, [wanted])


def test_an_image_of_unknown_python_is_asked_for(tmp_path: Path, index: Path) -> None:
    project = write_project(tmp_path, extra='[container]\nimage = "example/mine:1"\npython = "3.12"\n')
    with pytest.raises(ConfigurationError, match=r"container.python = '3.12' names no Python.* such as py312"):
        vendor(project, ["one"])


def test_a_marker_that_leaves_a_package_out_is_told(project: Project, index: Path) -> None:
    offer(index, "one")
    with pytest.raises(DeployError, match="fetched no wheel of one: is there a marker"):
        vendor(project, ['one; sys_platform == "win32"'])


def test_the_bundle_carries_them_and_pip_installs_them_from_any_folder(
    project: Project, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer(index, "decoder")
    vendor(project, ["decoder"])
    built = bundle.build(project, tmp_path / "dist")
    with tarfile.open(built.path) as archive:
        archive.extractall(tmp_path / "model", filter="data")
    monkeypatch.delenv("PIP_FIND_LINKS")
    listing, target = tmp_path / "model" / "code" / "requirements.txt", tmp_path / "site"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target), "-r", str(listing)]
    subprocess.run(install, check=True, cwd=tmp_path)
    assert (target / "decoder.py").read_text() == "VERSION = '1.0'\n"
