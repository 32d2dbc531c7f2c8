"""Packs handler and weights into one deterministic `model.tar.gz` with a manifest: the artifact that is rehearsed and
promoted.

`vendor` adds wheels to the handler beforehand. `packing` builds and reads a bundle: `download` fetches torchvision's
weights, `weights` and `pickles` tell a state_dict from a program, `archive` writes the bytes, `manifest` lists them.
"""

from deploy.bundle.packing import Bundle, build, handler_members, read

__all__ = [
    "Bundle",
    "build",
    "handler_members",
    "read",
]
