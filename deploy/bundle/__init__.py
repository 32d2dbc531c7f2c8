"""Handler and weights become one deterministic `model.tar.gz` with a manifest: the artifact that is rehearsed and
promoted.
"""

from deploy.bundle.packing import Bundle, build, handler_members, read

__all__ = [
    "Bundle",
    "build",
    "handler_members",
    "read",
]
