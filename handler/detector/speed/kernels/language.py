"""Triton, whose functions have no types, or nothing where it is not installed: the only module that imports it."""

from __future__ import annotations

from typing import Any

triton: Any
tl: Any
try:
    import triton as _triton
    import triton.language as _language

    triton, tl = _triton, _language
except ImportError:
    triton = tl = None


def kernel(function: Any) -> Any:
    """Compiles a function for the GPU when it is first launched with arguments of these types."""
    return triton.jit(function) if triton else function
