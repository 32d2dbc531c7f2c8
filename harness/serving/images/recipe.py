"""The recipe of the compatible image, as three steps. It reads the files beside it and starts nothing.

A step's digest covers the step and all before it, so a step is rebuilt when, and only when, something in or below it
changed. Debian's packages are not pinned (security fixes come in with a rebuild): the digest names the recipe, the
image id names the result.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = "rehearsal/pytorch-inference-compat"
FRAMEWORK_VERSION = "2.6.0"
COMPATIBLE_IMAGE = f"{REPOSITORY}:{FRAMEWORK_VERSION}-cpu"

RECIPE_LABEL = "rehearsal.recipe"
ASSURANCE_LABEL = "rehearsal.assurance"

DEBIAN_RELEASE = "bookworm"
DEBIAN_PACKAGES = ("ca-certificates", "openjdk-17-jre-headless", "python3", "python3-venv")

# As the official image sets them; /opt/rehearsal holds the virtual environment with the packages. The toolkit puts
# its model store below the working directory, hence `/`; TorchServe writes below TEMP.
DOCKERFILE = """\
FROM {packages_reference}
COPY serve.py /usr/local/bin/serve
RUN mkdir -p /home/model-server/tmp /opt/ml/model && chmod 755 /usr/local/bin/serve
ENV PATH=/opt/rehearsal/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \\
    TEMP=/home/model-server/tmp LANG=C.UTF-8 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \\
    SAGEMAKER_SERVING_MODULE=sagemaker_pytorch_serving_container.serving:main
WORKDIR /
CMD ["serve"]
"""

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Recipe:
    requirements: str
    serve_script: str
    base_digest: str
    packages_digest: str
    digest: str
    """Of the whole recipe; the image carries it as the label `rehearsal.recipe`."""

    @property
    def base_reference(self) -> str:
        return f"{REPOSITORY}:base-{self.base_digest[:12]}"

    @property
    def packages_reference(self) -> str:
        return f"{REPOSITORY}:packages-{self.packages_digest[:12]}"

    @property
    def dockerfile(self) -> str:
        return DOCKERFILE.format(packages_reference=self.packages_reference)

    @property
    def labels(self) -> dict[str, str]:
        return {
            RECIPE_LABEL: self.digest,
            ASSURANCE_LABEL: "compatible",
            "rehearsal.framework-version": FRAMEWORK_VERSION,
            "org.opencontainers.image.title": "PyTorch inference, compatible with the official container; not official",
        }


def read_recipe(folder: Path = HERE) -> Recipe:
    """The recipe from `requirements.txt` and `serve.py` in `folder`."""
    requirements = (folder / "requirements.txt").read_text(encoding="utf-8")
    serve_script = (folder / "serve.py").read_text(encoding="utf-8")
    base = _digest(DEBIAN_RELEASE, *DEBIAN_PACKAGES)
    packages = _digest(base, requirements)
    return Recipe(requirements, serve_script, base, packages, _digest(packages, serve_script, DOCKERFILE))


def _digest(*parts: str) -> str:
    whole = hashlib.sha256()
    for part in parts:
        whole.update(f"{len(part)}:{part}".encode())
    return whole.hexdigest()
