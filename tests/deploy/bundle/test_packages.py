"""What [handler] packages names: the real pip, an index that is a folder, and wheels that hold one line."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from deploy import bundle, config
from deploy.bundle import Bundle, archive, carried_over
from deploy.config import Project
from deploy.core.errors import ConfigurationError, NotAvailable
from tests import wheels
from tests.deploy.projects import write_project

X86 = "manylinux_2_28_x86_64"
EVERYWHERE = f"cp311-abi3-{X86}"
NOWHERE = "http://127.0.0.1:9/simple"


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All that pip finds in this test: a page that lists its files with their digests; and an empty cache."""
    folder = tmp_path / "index"
    folder.mkdir()
    page = folder / "index.html"
    page.write_text("<!DOCTYPE html>\n")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(page))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return folder


def offer(index: Path, name: str, version: str = "1.0", tag: str = EVERYWHERE) -> str:
    """The line of the project file that names the offered wheel."""
    data = wheels.wheel(name, version, tag, modules={f"{name}.py": f"VERSION = {version!r}\n"})
    file_name, digest = wheels.file_name(name, version, tag), hashlib.sha256(data).hexdigest()
    (index / file_name).write_bytes(data)
    with (index / "index.html").open("a") as page:
        page.write(f'<a href="{file_name}#sha256={digest}">{file_name}</a>\n')
    return f"{name}=={version} --hash=sha256:{digest}"


def in_the_cache(index: Path, name: str, tag: str = EVERYWHERE) -> str:
    """The same, already in the cache."""
    line = offer(index, name, tag=tag)
    file_name = wheels.file_name(name, "1.0", tag)
    place = index.parent / "cache" / "rehearsal" / "wheels" / line.rpartition(":")[2]
    place.mkdir(parents=True)
    (index / file_name).rename(place / file_name)
    return line


def project_with(folder: Path, *packages: str, extra: str = "", requirements: str = "") -> Project:
    project = write_project(folder / "project", extra=f"[handler]\npackages = {list(packages)}\n{extra}")
    if requirements:
        (project.handler.source / "requirements.txt").write_text(requirements)
    return project


def unpacked(path: Path, folder: Path) -> Path:
    with tarfile.open(path) as packed:
        packed.extractall(folder, filter="data")
    return folder


def listing(built: Bundle, folder: Path) -> list[str]:
    text = (unpacked(built.path, folder) / "code" / "requirements.txt").read_text()
    return [line for line in text.splitlines() if not line.startswith("#")]


def installed(model: Path, target: Path) -> list[str]:
    """As the toolkit does at the start of a container, with neither an index nor the folder of the test's own."""
    offline = {name: text for name, text in os.environ.items() if not name.startswith("PIP_")}
    words = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target)]
    words += ["-r", str(model / "code" / "requirements.txt")]
    environment = offline | {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": NOWHERE}
    subprocess.run(words, check=True, cwd=target.parent, env=environment, timeout=60)
    return sorted(path.name for path in target.glob("*.py"))


def test_a_container_installs_the_wheel_from_the_archive_alone(tmp_path: Path, index: Path) -> None:
    built = bundle.build(project_with(tmp_path, offer(index, "decoder")), tmp_path / "dist")
    assert built.manifest.packages == {"decoder": "1.0"}
    assert installed(unpacked(built.path, tmp_path / "model"), tmp_path / "site") == ["decoder.py"]
    assert list((tmp_path / "project" / "handler").rglob("*.whl")) == []


@pytest.mark.parametrize("tag", [f"cp312-cp312-{X86}", f"cp312-abi3-{X86}"])
def test_a_python_that_the_wheel_does_not_fit_goes_on_without_it(tmp_path: Path, index: Path, tag: str) -> None:
    """The process runtime has the Python that runs this, and the image 3.12."""
    built = bundle.build(project_with(tmp_path, in_the_cache(index, "decoder", tag=tag)), tmp_path / "dist")
    there = installed(unpacked(built.path, tmp_path / "model"), tmp_path / "site")
    assert there == (["decoder.py"] if sys.version_info[:2] == (3, 12) else [])


def test_the_wheel_is_downloaded_once_and_the_bundle_is_the_same_without_the_index(tmp_path: Path, index: Path) -> None:
    project = project_with(tmp_path, offer(index, "decoder"))
    first = bundle.build(project, tmp_path / "dist")
    for wheel in index.iterdir():
        wheel.unlink()
    assert bundle.build(project, tmp_path / "again").sha256 == first.sha256


def test_a_newer_wheel_of_the_index_changes_nothing(tmp_path: Path, index: Path) -> None:
    """The digest decides, not what pip would choose by now."""
    pinned = offer(index, "decoder", tag=EVERYWHERE)
    offer(index, "decoder", tag=f"cp312-cp312-{X86}")
    offer(index, "decoder", "2.0")
    built = bundle.build(project_with(tmp_path, pinned), tmp_path / "dist")
    assert f"code/wheels/decoder-1.0-{EVERYWHERE}.whl" in {file.path for file in built.manifest.files}


def test_without_packages_the_bundle_is_the_handler_alone(tmp_path: Path, index: Path) -> None:
    project = project_with(tmp_path, in_the_cache(index, "decoder")).without_packages()
    built = bundle.build(project, tmp_path / "dist")
    assert built.manifest.packages == {}
    assert [file.path for file in built.manifest.files if "requirements" in file.path] == []


def test_a_wheel_that_cannot_be_had_names_the_switch_and_ends_with_code_3(tmp_path: Path, index: Path) -> None:
    project = project_with(tmp_path, offer(index, "decoder"))
    (index / wheels.file_name("decoder", "1.0", EVERYWHERE)).unlink()
    expected = r"no wheel of decoder==1.0 .*pip says .*or leave .*--without-packages"
    with pytest.raises(NotAvailable, match=expected) as error:
        bundle.build(project, tmp_path / "dist")
    assert error.value.exit_code == 3
    assert not (tmp_path / "dist").exists()


def test_an_index_that_does_not_answer_is_told(tmp_path: Path, index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pinned = offer(index, "decoder")
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_INDEX_URL", NOWHERE)
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(NotAvailable, match="pip says the index cannot be reached"):
        bundle.build(project_with(tmp_path, pinned), tmp_path / "dist")


def test_other_bytes_under_the_same_name_are_refused(tmp_path: Path, index: Path) -> None:
    pinned = offer(index, "decoder")
    with (index / wheels.file_name("decoder", "1.0", EVERYWHERE)).open("ab") as file:
        file.write(b"more")
    with pytest.raises(NotAvailable, match="DO NOT MATCH THE HASHES"):
        bundle.build(project_with(tmp_path, pinned), tmp_path / "dist")


def test_a_damaged_file_of_the_cache_is_not_packed(tmp_path: Path, index: Path) -> None:
    project = project_with(tmp_path, in_the_cache(index, "decoder"))
    bundle.build(project, tmp_path / "dist")
    (cached,) = (tmp_path / "cache" / "rehearsal" / "wheels").rglob("*.whl")
    cached.write_bytes(b"damaged")
    with pytest.raises(NotAvailable, match=r"decoder.*\.whl is damaged.*Delete it and run again"):
        bundle.build(project, tmp_path / "again")


def test_a_wheel_for_another_python_than_the_images_is_refused(tmp_path: Path, index: Path) -> None:
    pinned = in_the_cache(index, "decoder", tag=f"cp312-cp312-{X86}")
    bundle.build(project_with(tmp_path, pinned), tmp_path / "dist")
    older = project_with(tmp_path, pinned, extra='[container]\npython = "py311"\n')
    with pytest.raises(ConfigurationError, match=r"does not fit the image, which has Python 3.11 on x86-64 Linux"):
        bundle.build(older, tmp_path / "again")


def test_a_digest_of_another_package_is_refused(tmp_path: Path, index: Path) -> None:
    pinned = in_the_cache(index, "decoder")
    bundle.build(project_with(tmp_path, pinned), tmp_path / "dist")
    with pytest.raises(ConfigurationError, match=r"the sha256 of other==1.0 is that of decoder-1.0"):
        bundle.build(project_with(tmp_path, pinned.replace("decoder", "other")), tmp_path / "again")


def test_a_listing_of_the_handlers_own_is_kept_and_may_ask_its_index(tmp_path: Path, index: Path) -> None:
    project = project_with(tmp_path, in_the_cache(index, "decoder"), requirements="mine==1\n")
    own, links, line = listing(bundle.build(project, tmp_path / "dist"), tmp_path / "model")
    assert (own, links) == ("mine==1", "--find-links wheels")
    assert line.startswith("decoder==1.0 ; python_version >= ")


def test_a_listing_with_digests_gets_one_more(tmp_path: Path, index: Path) -> None:
    """pip wants a digest with every package as soon as one has it."""
    own, pinned = f"mine==1 --hash=sha256:{'0' * 64}", in_the_cache(index, "decoder")
    built = bundle.build(project_with(tmp_path, pinned, requirements=own), tmp_path / "dist")
    assert listing(built, tmp_path / "model")[-1].endswith(pinned.partition(" ")[2])


def test_what_the_handler_itself_names_stays_as_it_is_there(tmp_path: Path, index: Path) -> None:
    project = project_with(tmp_path, in_the_cache(index, "decoder"), requirements="Decoder<1\n")
    built = bundle.build(project, tmp_path / "dist")
    assert (listing(built, tmp_path / "model"), built.manifest.packages) == (["Decoder<1"], {})


def test_another_handler_in_a_kept_archive_keeps_its_packages(tmp_path: Path, index: Path) -> None:
    """`harness replay --handler`."""
    built = bundle.build(project_with(tmp_path, in_the_cache(index, "decoder")), tmp_path / "dist")
    kept, edited = unpacked(built.path, tmp_path / "kept"), tmp_path / "project" / "handler"
    (edited / "inference.py").write_text("edited = True\n")
    path = tmp_path / "new.tar.gz"
    with carried_over(kept, list(bundle.handler_members(edited))) as members, path.open("wb") as out:
        archive.pack(members, out)
    assert installed(unpacked(path, tmp_path / "new"), tmp_path / "site") == ["decoder.py"]
    assert (tmp_path / "new" / "code" / "inference.py").read_text() == "edited = True\n"


def test_an_edited_handler_may_name_another_version_of_a_kept_package(tmp_path: Path, index: Path) -> None:
    """pip refuses a listing that names a package twice."""
    built = bundle.build(project_with(tmp_path, in_the_cache(index, "decoder")), tmp_path / "dist")
    kept, edited = unpacked(built.path, tmp_path / "kept"), tmp_path / "project" / "handler"
    (edited / "requirements.txt").write_text("decoder==2.0\n")
    with carried_over(kept, list(bundle.handler_members(edited))) as members:
        (text,) = [each.source.read_text() for each in members if each.name == "code/requirements.txt"]
    assert [line for line in text.splitlines() if line.startswith("decoder")] == ["decoder==2.0"]


@pytest.mark.parametrize(
    "line", ["av", "av==18.1.0", f"av>=18 --hash=sha256:{'0' * 64}", "av==18.1.0 --hash=sha256:12", "-r x==1"]
)
def test_a_package_without_version_and_digest_is_a_configuration_error(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigurationError, match=r"handler.packages.* is refused: it must be a version of a package"):
        project_with(tmp_path, line)


def test_the_flagships_wheel_fits_every_python_of_the_images() -> None:
    """By the name that the lock of this environment has for the digest; nothing is downloaded."""
    root = Path(__file__).parents[3]
    (line,) = config.load(root / "rehearsal.toml").handler.packages
    (locked,) = [each for each in (root / "uv.lock").read_text().splitlines() if line.rpartition(":")[2] in each]
    assert f"/av-{line.partition(' ')[0].removeprefix('av==')}-{EVERYWHERE}.whl" in locked
