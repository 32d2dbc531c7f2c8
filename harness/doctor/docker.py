"""Checks of Docker: engine, compose, image, GPU, leftovers. They remove nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from deploy.evidence import Finding
from harness.core.errors import MachineCannot
from harness.docker.compose import INSTALL_HINT, Compose, find_compose
from harness.docker.engine import Engine
from harness.doctor.finding import bad, level, ok
from harness.serving.images.pinned import end_of_patch_note, is_official
from harness.serving.images.recipe import COMPATIBLE_IMAGE, FRAMEWORK_VERSION
from harness.serving.instances.gpu import Gpu
from harness.serving.runtimes.choose import Choice, choose
from harness.serving.runtimes.docker_sweep import strays


def check_engine(connect: Callable[[], Engine], *, fatal: bool) -> Finding:
    try:
        with connect() as engine:
            facts = engine.facts()
    except MachineCannot as error:
        return bad("docker engine", str(error), "start Docker, or use `--runtime process`", fatal=fatal)
    return ok("docker engine", f"{facts.version}, {facts.cpus} CPUs, {facts.memory_bytes / 2**30:.0f} GiB")


def check_compose(find: Callable[[], Compose | None] = find_compose, *, fatal: bool) -> Finding:
    found = find()
    if found is None:
        return bad("docker compose", "not installed; SageMaker local mode needs it", INSTALL_HINT, fatal=fatal)
    return ok("docker compose", f"{found.version} (`{' '.join(found.command)}`)")


def check_image(choose_image: Callable[[], Choice], today: date, *, fatal: bool) -> Finding:
    """The image that a run would take; `choose_image` is `choose("docker")`."""
    try:
        image = choose_image().image or ""
    except MachineCannot as error:
        return bad("image", str(error), "`harness image pull`, or `harness image build`", fatal=fatal)
    if image == COMPATIBLE_IMAGE:
        return ok("image", f"{image} (compatible, not official: the gate can tell)")
    note = end_of_patch_note(FRAMEWORK_VERSION, today) if is_official(image) else None
    return ok("image", f"{image}; {note}" if note else image)


def check_gpu(gpus: Sequence[Gpu], connect: Callable[[], Engine]) -> Finding:
    if not gpus:
        return ok("gpu", "none: everything runs on the CPU")
    said = ", ".join(f"{gpu.name} ({gpu.memory_bytes / 2**30:.0f} GiB, driver {gpu.driver_version})" for gpu in gpus)
    try:
        with connect() as engine:
            reachable = engine.facts().has_gpu_runtime
    except MachineCannot:
        return ok("gpu", said)
    fix = "install the NVIDIA Container Toolkit, then restart Docker"
    return ok("gpu", said) if reachable else bad("gpu", f"{said}, but Docker cannot reach it", fix, fatal=False)


def check_leftovers(connect: Callable[[], Engine]) -> Finding:
    try:
        with connect() as engine:
            found = strays(engine)
    except MachineCannot:
        return ok("leftovers", "no engine, no containers")
    if not found:
        return ok("leftovers", "no container or network of ours")
    named = ", ".join(f"{item.kind} {item.name}" for item in found)
    fix = "`harness doctor --fix` removes them, those of a running rehearsal included"
    return bad("leftovers", named, fix, fatal=False)


def docker_findings(
    *, fatal: bool, region: str, gpus: Sequence[Gpu], today: date, connect: Callable[[], Engine] = Engine.connect
) -> list[Finding]:
    """The findings of all checks of Docker; `fatal` says that Docker was asked for."""
    engine = check_engine(connect, fatal=fatal)
    if level(engine) != "ok":
        return [engine, check_compose(fatal=fatal), check_gpu(gpus, connect)]
    return [
        engine,
        check_compose(fatal=fatal),
        check_image(lambda: choose("docker", region=region, connect=connect), today, fatal=fatal),
        check_gpu(gpus, connect),
        check_leftovers(connect),
    ]
