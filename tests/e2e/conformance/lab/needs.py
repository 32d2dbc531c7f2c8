"""What a check needs from its subject beyond AWS's own interface, and which subject provides it.

A check states `@needs("drop")`; a subject without it skips the check with the reason below.
"""

from __future__ import annotations

import pytest

REASONS = {
    "drop": "the model behind TorchServe cannot drop the connection: TorchServe always answers",
    "chunked": "the model behind TorchServe cannot leave out Content-Length: TorchServe writes the headers",
    "sick": "the container of the obedient model is healthy as soon as it runs: it cannot be held back",
    "container": "the check looks into the container or ends it, which is possible with the scripted one alone",
    "emulator": "the check looks into the emulator",
    "kms": "a key in KMS costs a dollar a month, and can be deleted after a week at the earliest",
    "minutes": "two scale-outs and a scale-in take more than an hour of AWS's minutes: walked with a time scale only",
}
_A_MODEL_LACKS = frozenset({"drop", "chunked", "sick", "container"})
# By subject. `toolkit` is the emulator with the obedient model in real containers.
LACKS = {
    "emulator": frozenset[str](),
    "moto": frozenset[str](),
    "toolkit": _A_MODEL_LACKS,
    "aws": _A_MODEL_LACKS | {"emulator", "kms", "minutes"},
}


def needs(*abilities: str) -> pytest.MarkDecorator:
    assert set(abilities) <= set(REASONS), f"{set(abilities) - set(REASONS)} is explained nowhere"
    return pytest.mark.needs(*abilities)


def why_not(item: pytest.Item, subject: str) -> str | None:
    """Return the reason to skip this check for this subject, or None."""
    wanted = {str(ability) for marker in item.iter_markers("needs") for ability in marker.args}
    return next((REASONS[ability] for ability in sorted(wanted & LACKS[subject])), None)
