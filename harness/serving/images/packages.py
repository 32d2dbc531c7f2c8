"""The second step: the Python packages, installed by pip in a container that is then committed.

pip's certificates and index settings reach the container as a read-only mount and as the environment of one `exec`:
neither is part of what `docker commit` keeps, so no certificate, index address or credential stays in the image.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from harness.core.errors import HarnessError
from harness.core.state import installer_environment
from harness.docker.engine import Engine, engine_errors
from harness.serving.images.recipe import REPOSITORY, Recipe

BUILD_CONTAINER_PREFIX = "rehearsal-image-build-"
_CERTIFICATES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
_HANDED_ON = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
              "http_proxy", "https_proxy", "no_proxy")  # fmt: skip
# One shell line makes an environment, runs pip in it, and removes pip's working files.
_INSTALL = (
    "python3 -m venv /opt/rehearsal"
    " && /opt/rehearsal/bin/pip install --no-cache-dir --progress-bar off --disable-pip-version-check"
    " -r /mnt/requirements.txt"
    " && rm -rf ~/.cache /tmp/* /var/tmp/*"
)


def install_packages(engine: Engine, recipe: Recipe, tag: str, progress: Callable[[str], None]) -> None:
    """Build `REPOSITORY:tag` from the base image; raises HarnessError with pip's last lines."""
    with tempfile.TemporaryDirectory(prefix="rehearsal-packages-") as folder:
        environment = _pip_environment(Path(folder), installer_environment())
        (Path(folder) / "requirements.txt").write_text(recipe.requirements, encoding="utf-8")
        with _builder(engine, recipe, folder) as container_id:
            _run(engine, container_id, environment, progress)
            with engine_errors("committing the packages layer"):
                engine.client.api.commit(container_id, repository=REPOSITORY, tag=tag)


def _pip_environment(folder: Path, machine: Mapping[str, str]) -> dict[str, str]:
    """The settings that pip in the container needs to reach the index; copies the certificates into `folder`."""
    handed_on = {name: machine[name] for name in _HANDED_ON if name in machine}
    bundle = next((Path(machine[name]) for name in _CERTIFICATES if Path(machine.get(name, "")).is_file()), None)
    if bundle is None:
        return handed_on
    shutil.copyfile(bundle, folder / "ca.pem")
    return {**handed_on, "PIP_CERT": "/mnt/ca.pem"}


@contextmanager
def _builder(engine: Engine, recipe: Recipe, folder: str) -> Iterator[str]:
    # A later run finds the container by its name: a label would be committed, and every instance would inherit it.
    name = f"{BUILD_CONTAINER_PREFIX}{recipe.packages_digest[:12]}"
    api = engine.client.api
    with engine_errors("starting the build container"):
        for stray in api.containers(all=True, filters={"name": name}):
            api.remove_container(stray["Id"], v=True, force=True)
        host_config = api.create_host_config(network_mode="host", binds={folder: {"bind": "/mnt", "mode": "ro"}})
        created = api.create_container(recipe.base_reference, ["sleep", "infinity"], name=name, host_config=host_config)
        api.start(created["Id"])
    try:
        yield created["Id"]
    finally:
        with engine_errors("removing the build container"):
            api.remove_container(created["Id"], v=True, force=True)


def _run(engine: Engine, container_id: str, environment: dict[str, str], progress: Callable[[str], None]) -> None:
    api, said = engine.client.api, list[str]()
    with engine_errors("installing the packages"):
        created = api.exec_create(container_id, ["sh", "-c", _INSTALL], environment=environment)
        for chunk in api.exec_start(created["Id"], stream=True):
            for line in chunk.decode("utf-8", "replace").splitlines():
                said.append(line)
                if line.startswith(("Collecting ", "Installing ")):
                    progress(line.split(" (")[0][:100])
        exit_code = api.exec_inspect(created["Id"])["ExitCode"]
    if exit_code != 0:
        raise HarnessError(
            f"pip ended with code {exit_code} while installing the image's packages; is the package index reachable?",
            log_tail="\n".join(said[-50:]),
        )
