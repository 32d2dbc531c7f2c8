"""`build_image` builds the compatible image where it is missing, for `harness image build`."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable

from harness.core.errors import HarnessError
from harness.docker.engine import Engine, engine_errors
from harness.docker.facts import ImageFacts
from harness.serving.images.bootstrap import import_base
from harness.serving.images.packages import install_packages
from harness.serving.images.recipe import COMPATIBLE_IMAGE, RECIPE_LABEL, Recipe, read_recipe


def _silent(_: str) -> None:
    return None


def build_image(
    progress: Callable[[str], None] = _silent,
    *,
    engine: Engine | None = None,
    recipe: Recipe | None = None,
    mirror: str | None = None,
) -> ImageFacts:
    """Build what is missing of the three steps; an image with this recipe's digest is returned as it is.

    `progress` gets one line a stage; `mirror` is the Debian mirror, by default debootstrap's own.
    Raises MachineCannot without an engine, root or debootstrap, HarnessError with the last log lines of a step.
    """
    recipe = recipe or read_recipe()
    if engine is not None:
        return _build(engine, recipe, progress, mirror)
    with Engine.connect(timeout_seconds=900) as own:  # the answer to a commit of 6 GB comes when it is done
        return _build(own, recipe, progress, mirror)


def is_current(image: ImageFacts | None, recipe: Recipe) -> bool:
    return image is not None and image.labels.get(RECIPE_LABEL) == recipe.digest


def _build(engine: Engine, recipe: Recipe, progress: Callable[[str], None], mirror: str | None) -> ImageFacts:
    found = engine.image(COMPATIBLE_IMAGE)
    if found is not None and is_current(found, recipe):
        progress(f"{COMPATIBLE_IMAGE} is built from this recipe already ({recipe.digest[:12]})")
        return found
    if engine.image(recipe.packages_reference) is None:
        if engine.image(recipe.base_reference) is None:
            progress("1/3 Debian packages (debootstrap)")
            import_base(engine, recipe.base_reference.rpartition(":")[2], mirror)
        progress("2/3 Python packages (pip)")
        install_packages(engine, recipe, recipe.packages_reference.rpartition(":")[2], progress)
    progress("3/3 the serve entry")
    return _finish(engine, recipe)


def _finish(engine: Engine, recipe: Recipe) -> ImageFacts:
    with engine_errors(f"building {COMPATIBLE_IMAGE}"):
        engine.client.images.build(
            fileobj=_context(recipe), custom_context=True, tag=COMPATIBLE_IMAGE, labels=recipe.labels, rm=True
        )
    built = engine.image(COMPATIBLE_IMAGE)
    if built is None or not is_current(built, recipe):
        raise HarnessError(f"{COMPATIBLE_IMAGE} was built but is not the recipe's image; look at `docker images`")
    return built


def _context(recipe: Recipe) -> io.BytesIO:
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as tar:
        for name, text in (("Dockerfile", recipe.dockerfile), ("serve.py", recipe.serve_script)):
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text.encode()), 0o755
            tar.addfile(member, io.BytesIO(text.encode()))
    context.seek(0)
    return context
