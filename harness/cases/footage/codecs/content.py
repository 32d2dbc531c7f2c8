"""What the bits of one packet say of the pictures in it: the nouns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """Half of an interlaced picture: the even or the odd lines. `number` is the same in both halves."""

    is_bottom: bool
    number: int

    def completes(self, other: Field | None) -> bool:
        """Whether this is the second field of the picture whose first one is `other`."""
        return other is not None and other.is_bottom != self.is_bottom and other.number == self.number


@dataclass(frozen=True)
class Content:
    """What a packet's own bits say. A packet that they do not explain holds a picture: one that is damaged is due."""

    shows: bool = True
    """False: a hidden reference, or headers alone."""
    field: Field | None = None
    """Set where the packet holds one field alone."""
    is_certain: bool = True
    """False: only a decoder can tell."""
    refreshes_slowly: bool = False
    """If decoding begins here, pictures are shown from here on, or from some later one: only a decoder can tell."""
