"""Defines pictures as decoders store them: a plane of luma, and two of colour at half its width and height.

Owns: the nouns that say how such planes become the picture that is shown. May not: convert them (`speed.pictures`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]


class Matrix(StrEnum):
    """The matrices between luma with colour differences and RGB."""

    BT601 = "bt601"
    BT709 = "bt709"
    BT2020 = "bt2020"
    SMPTE240M = "smpte240m"
    FCC = "fcc"


@dataclass(frozen=True)
class Colours:
    """`is_full_range`: luma uses 0 to 255, as in a JPEG; otherwise 16 to 235."""

    matrix: Matrix
    is_full_range: bool


@dataclass(frozen=True)
class Turn:
    """How a stored picture becomes the one that is shown: the three steps in this order."""

    is_transposed: bool = False
    reverses_rows: bool = False
    reverses_columns: bool = False

    def applied(self, pixels: Pixels) -> Pixels:
        """`pixels` is (height, width, 3); a copy only where the picture is turned at all."""
        if self == Turn():
            return pixels
        turned = pixels.transpose(1, 0, 2) if self.is_transposed else pixels
        return np.ascontiguousarray(turned[:: -1 if self.reverses_rows else 1, :: -1 if self.reverses_columns else 1])


@dataclass(frozen=True)
class PlaneFormat:
    """8-bit 4:2:0 of `width` x `height` stored pixels, both even, and how it is shown.

    In one row of bytes: the luma, then Cb, then Cr, each of them row by row without gaps.
    """

    width: int
    height: int
    colours: Colours
    turn: Turn = Turn()

    def __post_init__(self) -> None:
        if self.width % 2 or self.height % 2 or self.width < 2 or self.height < 2:
            raise ValueError(f"planes of {self.width} x {self.height}: both must be even")

    @property
    def byte_count(self) -> int:
        return self.width * self.height * 3 // 2

    @property
    def luma_bytes(self) -> int:
        return self.width * self.height

    @property
    def shown_size(self) -> tuple[int, int]:
        """(width, height) after turning."""
        return (self.height, self.width) if self.turn.is_transposed else (self.width, self.height)


@dataclass(frozen=True)
class PlaneLayout:
    """What the bytes of a batch are, and the `width` x `height` that they are to be scaled down to for the network."""

    format: PlaneFormat
    width: int
    height: int

    @property
    def shape(self) -> tuple[int]:
        """Of one picture in the batch."""
        return (self.format.byte_count,)


@dataclass(frozen=True)
class PlanarPicture:
    """A decoder's own picture: `luma` is (height, width) uint8, `cb` and `cr` are half that, all in its memory.

    `to_pixels` makes (height, width, 3) uint8 RGB of it on the host, turned as it is shown.
    """

    format: PlaneFormat
    luma: Pixels
    cb: Pixels
    cr: Pixels
    to_pixels: Callable[[], Pixels]

    def copy_into(self, slot: Pixels) -> None:
        """`slot` is (byte_count,) uint8."""
        start = 0
        for plane in (self.luma, self.cb, self.cr):
            np.copyto(slot[start : start + plane.size].reshape(plane.shape), plane)
            start += plane.size
