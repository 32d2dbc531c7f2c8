"""Packs handler and weights into one deterministic `model.tar.gz` with a manifest: the artifact that is rehearsed and
promoted.

`vendor` adds wheels to the handler beforehand. `packing` builds and reads a bundle: `download` fetches torchvision's
weights, `weights` and `pickles` tell a state_dict from a program, `packages` adds the wheels that the project file
names (`fitting` knows which a container can run), `archive` writes the bytes, `manifest` lists them.
"""

from deploy.bundle.packages import carried_over
from deploy.bundle.packing import Bundle, build, handler_members, read

__all__ = [
    "Bundle",
    "build",
    "carried_over",
    "handler_members",
    "read",
]
