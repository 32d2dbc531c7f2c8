"""Handler and weights become one deterministic `model.tar.gz` with a manifest: the artifact that is rehearsed and
promoted.

`packing` builds and reads a bundle, with `archive` for its bytes and `manifest` for what is in it. `weights` and
`pickles` tell a state_dict from a program, `download` fetches torchvision's weights, `vendor` adds wheels.
"""

from deploy.bundle.packing import Bundle, build, handler_members, read

__all__ = [
    "Bundle",
    "build",
    "handler_members",
    "read",
]
