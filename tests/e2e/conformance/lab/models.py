"""The lab with the obedient model in real containers: the same steps on AWS and, as their rehearsal, on the emulator.

The ledger's clients create everything, and it is deleted however the run ends.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from deploy import config
from deploy.config.images import image_uri
from harness.emulator.server import Emulator
from tests.e2e.conformance.lab.lab import Lab
from tests.e2e.conformance.lab.ledger import Ledger
from tests.e2e.conformance.lab.place import Place
from tests.e2e.conformance.lab.scripted import Obedient, ShiftedClock
from tests.harness.emulator.containers import Script, ScriptedRuntime
from tests.harness.serving.archives import archive

ROOT = Path(__file__).parents[4]
# Two workers, so that a sleeping one does not block others; bodies of 100 MB, where TorchServe's default is 6.5 MB.
ENVIRONMENT = {
    "SAGEMAKER_PROGRAM": "inference.py",
    "SAGEMAKER_MODEL_SERVER_WORKERS": "2",
    "TS_MAX_REQUEST_SIZE": "120000000",
    "TS_MAX_RESPONSE_SIZE": "120000000",
}


def obedient_archive() -> bytes:
    handler = Path(__file__).parents[1] / "obedient" / "inference.py"
    return archive({"model.pth": b"obedience has no weights", "code/inference.py": handler.read_bytes()})


def image(region: str, instance_type: str) -> str:
    """Return the official image of this repository's project, in the region's registry."""
    project = config.load(ROOT / "rehearsal.toml")
    host = project.endpoint.model_copy(update={"region": region, "instance_type": instance_type})
    return image_uri(replace(project, endpoint=host))


def container(model_data_url: str, region: str, instance_type: str) -> dict[str, Any]:
    return {"Image": image(region, instance_type), "ModelDataUrl": model_data_url, "Environment": ENVIRONMENT}


@contextmanager
def model_lab(
    place: Place, ledger: Ledger, emulator: Emulator | None = None, clock: ShiftedClock | None = None
) -> Iterator[Lab]:
    """Delete everything at the end. Raises `ledger.LeftBehind` when a resource could not be deleted."""
    obedient = Obedient()
    script = Script(obedient.answer)
    data = f"{place.folder}models/obedient.tar.gz"
    serving = container(f"s3://{place.bucket}/{data}", place.region, place.instance_type)
    made = Lab(
        replace(place, client=ledger.client, container=serving, makes_bucket=False, is_scripted=False),
        emulator, script, ScriptedRuntime(script), obedient, clock, ledger,
    )  # fmt: skip
    try:
        made.s3.put_object(Bucket=place.bucket, Key=data, Body=obedient_archive())
        yield made
    finally:
        with undisturbed():
            ledger.close()


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ignore signals during the deletion, such as a second Ctrl-C or a closed terminal."""
    kept = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
