"""Which bundles have a known answer and a reference network: those whose handler is the flagship's, changed or not.

The known answer's small model, and torchvision's network for parity, need the handler that can build them. Any other
handler is proven by the cases of its project. The bundle itself tells, by a file, so no setting can be forgotten.
"""

from __future__ import annotations

from deploy.bundle import Bundle

# The flagship builds its networks with this module.
ARCHITECTURES = "code/detector/model/architectures.py"
WITHOUT = f"only the flagship's handler has it ({ARCHITECTURES}); this one is judged by its [[case]]s"


def has_known_answer(bundle: Bundle) -> bool:
    return any(file.path == ARCHITECTURES for file in bundle.manifest.files)
