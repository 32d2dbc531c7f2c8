"""Triton, whose functions have no types: the only module that imports it."""

from __future__ import annotations

from typing import Any

import triton as _triton
import triton.language as _language

triton: Any = _triton
tl: Any = _language
kernel: Any = _triton.jit
"""Compiles a function for the GPU when it is first launched with arguments of these types."""
