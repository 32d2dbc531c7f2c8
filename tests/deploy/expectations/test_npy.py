"""An answer that must be one npy array of a shape and type; numpy writes the arrays."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from deploy import expectations
from deploy.config.case_sections import ExpectSection
from deploy.expectations import npy


def written(array: Any, version: tuple[int, int] | None = None) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array, version=version)  # type: ignore[no-untyped-call]
    return file.getvalue()


def said(body: bytes, **expected: Any) -> str:
    expect = ExpectSection.model_validate({"npy": expected}, strict=False)
    findings = expectations.judge(body, "application/x-npy", expect=expect, accept="application/x-npy")
    assert all(finding.severity == "error" for finding in findings)
    return "; ".join(finding.message for finding in findings)


PICTURES = np.zeros((4, 20, 3), np.uint8)


@pytest.mark.parametrize("version", [None, (1, 0), (2, 0), (3, 0)])
def test_the_shape_and_type_that_are_expected_are_no_finding(version: tuple[int, int] | None) -> None:
    assert said(written(PICTURES, version), shape=[4, 20, 3], dtype="uint8") == ""
    assert said(written(PICTURES, version)) == ""


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "uint16", "int64", "float16", "float32", "float64", "complex64", ">f4", ">i2"]
)
def test_every_number_has_numpys_name(dtype: str) -> None:
    array = np.zeros((2, 3), dtype)
    header = npy.read(written(array))
    assert (header.shape, header.dtype, header.data_bytes) == ((2, 3), array.dtype.name, array.nbytes)


def test_a_type_without_a_name_is_told_as_it_is_described() -> None:
    assert npy.read(written(np.zeros(2, "<U4"))).dtype == "<U4"
    assert "box" in npy.read(written(np.zeros(2, [("box", "<f4", (4,))]))).dtype
    assert npy.read(written(np.float64(3))).shape == ()


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ({"shape": [4, 16, 3]}, "the array has the shape (4, 20, 3), expected is (4, 16, 3)"),
        ({"shape": [4, 20]}, "the array has the shape (4, 20, 3), expected is (4, 20)"),
        ({"dtype": "float32"}, "the array is of uint8, expected is float32"),
    ],
)
def test_what_differs_is_told(expected: dict[str, Any], message: str) -> None:
    assert said(written(PICTURES), **expected) == message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"label": "rose"}', "the answer is none: it begins"),
        (written(PICTURES)[:-1], "239 bytes follow its header, and an array (4, 20, 3) of uint8 has 240"),
        (written(PICTURES) + written(PICTURES), "608 bytes follow its header"),
        (b"\x93NUMPY\x01\x00", "its header cannot be read"),
        (b"\x93NUMPY\x09\x00\x10\x00", "its header cannot be read"),
        (b"\x93NUMPY\x01\x00\x0a\x00" + b"__import__" + b"()", "its header cannot be read"),
        (b"\x93NUMPY", "its header cannot be read"),
    ],
)
def test_what_is_no_whole_array_is_told(body: bytes, message: str) -> None:
    assert message in said(body, dtype="uint8")


def test_a_request_that_must_fail_has_no_array() -> None:
    with pytest.raises(ValueError, match="a request that must fail has no answer for"):
        ExpectSection.model_validate({"status": "failed", "npy": {"dtype": "uint8"}})
