"""The types of AWS's documents: an operation takes `Parameters` and answers a `Document`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The members of a request, or of one structure in it, by the names of botocore's models.
Parameters = Mapping[str, Any]
# The members of an answer, or of one structure in it.
Document = dict[str, Any]
