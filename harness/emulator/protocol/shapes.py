"""The types of AWS's documents: what an operation is given, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Parameters = Mapping[str, Any]
"""The members of a request, or of one structure in it, by the names of botocore's models."""
Document = dict[str, Any]
"""The members of an answer, or of one structure in it."""
