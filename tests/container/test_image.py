"""The compatible image: made once, honest about itself, and free of anything of the machine that made it."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from harness.docker.engine import Engine
from harness.serving.images.build import build_image
from harness.serving.images.pinned import require_image
from harness.serving.images.recipe import COMPATIBLE_IMAGE, read_recipe

pytestmark = pytest.mark.container

# Run inside: what a build could have left of the machine it ran on.
LOOK = """
import os, json
home = os.path.expanduser("~")
left = [os.path.relpath(os.path.join(folder, name), home)
        for top in ("/mnt", home, "/tmp", "/var/cache/apt", "/var/lib/apt/lists")
        for folder, _, names in os.walk(top) for name in names]
settings = [path for path in ("/etc/pip.conf", "/etc/apt/sources.list", home + "/.pip") if os.path.exists(path)]
print(json.dumps({"left": left, "settings": settings, "environment": sorted(os.environ)}))
"""
SKELETON = {".bashrc", ".profile"}
"""Of the home folder, from which paths are seen."""


def test_an_image_of_the_same_recipe_is_not_built_again(engine: Engine) -> None:
    said: list[str] = []
    image = build_image(said.append, engine=engine)
    assert image.labels["rehearsal.recipe"] == read_recipe().digest
    assert len(said) == 1
    assert "built from this recipe already" in said[0]


def test_it_is_told_from_the_official_one(engine: Engine) -> None:
    pinned = require_image(engine, COMPATIBLE_IMAGE)
    assert (pinned.assurance, pinned.is_registry_digest) == ("compatible", False)
    assert pinned.digest == pinned.image_id


def test_nothing_of_the_building_machine_is_in_it(engine: Engine) -> None:
    api = engine.client.api
    created = api.create_container(COMPATIBLE_IMAGE, ["python", "-c", LOOK])
    try:
        api.start(created["Id"])
        api.wait(created["Id"])
        seen = json.loads(api.logs(created["Id"], stdout=True, stderr=False))
        untyped: Any = api
        history = json.dumps([untyped.history(COMPATIBLE_IMAGE), untyped.inspect_image(COMPATIBLE_IMAGE)["Config"]])
    finally:
        api.remove_container(created["Id"], force=True)
    assert set(seen["left"]) <= SKELETON
    assert seen["settings"] == []
    assert not [name for name in seen["environment"] if name.startswith(("PIP_", "SSL_", "HTTP", "AWS_"))]
    hosts = [value for name, value in os.environ.items() if name.endswith(("INDEX_URL", "_PROXY", "_proxy")) and value]
    assert not [host for host in hosts if host in history]
