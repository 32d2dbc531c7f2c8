"""A container image of this machine as text, pinned by its digest."""

from __future__ import annotations

from deploy.cli.options import Format
from harness.cli.output.printing import print_result
from harness.serving.images.pinned import PinnedImage

SCHEMA = "rehearsal.image/1"


def print_image(image: PinnedImage, output_format: Format) -> None:
    document = {"schema": SCHEMA, "reference": image.reference, "digest": image.digest, **image.facts()}
    text = f"{image.reference} ({image.assurance})\n{image.digest}\nNext: `harness validate --runtime docker`"
    print_result(output_format, document, text)
