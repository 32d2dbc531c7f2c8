"""Packs handler and model into one deterministic `model.tar.gz` with a manifest: the artifact that is rehearsed and
promoted.

`packing` builds and reads a bundle: `model_files` chooses what lies beside the handler (of `weights`, the flagship's),
`folders` walks what is packed, less what `own_folder` leaves out where the handler lies beside rehearsal.toml;
`packages` adds the wheels that the project file names (`fitting` knows which a container can run), `archive` writes the
bytes, `manifest` lists them. `vendor` adds wheels to the handler beforehand (`relaxing` removes what they require).
"""

from deploy.bundle.model_files import has_flagship_handler
from deploy.bundle.packages import carried_over
from deploy.bundle.packing import ENTRY_POINT, Bundle, build, handler_members, read

__all__ = [
    "ENTRY_POINT",
    "Bundle",
    "build",
    "carried_over",
    "handler_members",
    "has_flagship_handler",
    "read",
]
