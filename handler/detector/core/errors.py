"""Defines every error that the handler raises on purpose.

    DetectorError
    ├── RequestError           the sender's fault: answered with HTTP 400
    │   ├── UnreadableMedia        code unreadable_media
    │   ├── EmptyMedia             code empty_media
    │   ├── TruncatedMedia         code truncated_media
    │   ├── UnsupportedType        code unsupported_type
    │   └── BadParameter           code bad_parameter
    └── ServingError           our fault: answered with HTTP 500
        ├── ModelArtifactError     code model_artifact
        ├── SettingsError          code settings
        └── OutOfMemory            code out_of_memory

Any other error is answered with HTTP 500 and the code internal.

The `code` is stable: clients may branch on it. The message says where, what, and what to do next.
"""

from __future__ import annotations

from typing import ClassVar


class DetectorError(Exception):
    """Root of the tree; `status` is the HTTP status of the answer."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"


class RequestError(DetectorError):
    status = 400
    code = "bad_request"


class UnreadableMedia(RequestError):
    code = "unreadable_media"


class EmptyMedia(RequestError):
    code = "empty_media"


class TruncatedMedia(RequestError):
    code = "truncated_media"


class UnsupportedType(RequestError):
    code = "unsupported_type"


class BadParameter(RequestError):
    code = "bad_parameter"


class ServingError(DetectorError):
    pass


class ModelArtifactError(ServingError):
    code = "model_artifact"


class SettingsError(ServingError):
    code = "settings"


class OutOfMemory(ServingError):
    code = "out_of_memory"
