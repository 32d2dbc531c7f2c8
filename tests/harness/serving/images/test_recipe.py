"""The compatible image's recipe: its digests change with what they cover, and it holds nothing of a machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.docker.facts import ImageFacts
from harness.serving.images.build import is_current
from harness.serving.images.packages import _pip_environment
from harness.serving.images.recipe import COMPATIBLE_IMAGE, HERE, RECIPE_LABEL, Recipe, read_recipe


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("requirements.txt", "serve.py"):
        (tmp_path / name).write_text((HERE / name).read_text())
    return tmp_path


def changed(folder: Path, name: str) -> Recipe:
    (folder / name).write_text((folder / name).read_text() + "\n# changed\n")
    return read_recipe(folder)


def test_the_same_files_give_the_same_recipe(folder: Path) -> None:
    assert read_recipe(folder) == read_recipe()


def test_other_packages_need_a_new_packages_layer_and_no_new_base(folder: Path) -> None:
    before, after = read_recipe(), changed(folder, "requirements.txt")
    assert after.base_reference == before.base_reference
    assert after.packages_reference != before.packages_reference
    assert after.digest != before.digest


def test_another_serve_entry_needs_neither(folder: Path) -> None:
    before, after = read_recipe(), changed(folder, "serve.py")
    assert after.packages_reference == before.packages_reference
    assert after.digest != before.digest


def test_an_image_is_current_by_its_label_alone() -> None:
    recipe = read_recipe()
    assert not is_current(None, recipe)
    assert not is_current(ImageFacts(COMPATIBLE_IMAGE, "sha256:id"), recipe)
    assert is_current(ImageFacts(COMPATIBLE_IMAGE, "sha256:id", (), {RECIPE_LABEL: recipe.digest}), recipe)


def test_the_name_and_the_labels_say_compatible() -> None:
    assert "compat" in COMPATIBLE_IMAGE
    assert read_recipe().labels["rehearsal.assurance"] == "compatible"


def test_every_package_is_pinned_and_serves_what_the_lock_has() -> None:
    pins = [line for line in read_recipe().requirements.splitlines() if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9-]+==[\w.]+", line) for line in pins)
    lock = (HERE.parents[2] / "uv.lock").read_text()
    for line in pins:
        name, _, version = line.partition("==")
        locked = re.search(rf'^name = "{name}"\nversion = "([^"]+)"', lock, re.MULTILINE)
        assert locked is None or locked.group(1) == version, line


def test_pip_is_given_the_machine_s_certificates_and_index_but_not_its_whole_environment(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("certificates")
    build = tmp_path / "build"
    build.mkdir()
    machine = {"SSL_CERT_FILE": str(bundle), "PIP_INDEX_URL": "https://index.example", "HOME": "/home/me"}
    assert _pip_environment(build, machine) == {"PIP_INDEX_URL": "https://index.example", "PIP_CERT": "/mnt/ca.pem"}
    assert (build / "ca.pem").read_text() == "certificates"


def test_without_a_bundle_pip_uses_its_own(tmp_path: Path) -> None:
    assert _pip_environment(tmp_path, {"SSL_CERT_FILE": str(tmp_path / "none")}) == {}
