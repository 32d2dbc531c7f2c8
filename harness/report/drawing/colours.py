"""The colours of labels: distinct, safe for the colour-blind, and with legible text on them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Colour = tuple[int, int, int]

# Okabe and Ito's seven ("Color Universal Design", 2008), then six of Paul Tol's "muted" scheme for long label lists.
_COLOURS: tuple[Colour, ...] = (
    (0xE6, 0x9F, 0x00),
    (0x56, 0xB4, 0xE9),
    (0x00, 0x9E, 0x73),
    (0xF0, 0xE4, 0x42),
    (0xD5, 0x5E, 0x00),
    (0xCC, 0x79, 0xA7),
    (0x00, 0x72, 0xB2),
    (0xDD, 0xCC, 0x77),
    (0x88, 0x22, 0x55),
    (0x44, 0xAA, 0x99),
    (0xCC, 0x66, 0x77),
    (0x99, 0x99, 0x33),
    (0x33, 0x22, 0x88),
)
_BLACK: Colour = (0, 0, 0)
_WHITE: Colour = (255, 255, 255)


@dataclass(frozen=True)
class Palette:
    """One colour a label, the same in every picture that shares the palette. Colours repeat after thirteen labels."""

    colours: Mapping[str, Colour] = field(default_factory=dict)

    @classmethod
    def of(cls, labels: Iterable[str]) -> Palette:
        names = sorted(set(labels))
        return cls({name: _COLOURS[position % len(_COLOURS)] for position, name in enumerate(names)})

    def __getitem__(self, label: str) -> Colour:
        return self.colours.get(label, _COLOURS[0])


def text_on(background: Colour) -> Colour:
    """Black or white, whichever contrasts more (WCAG 2.2 contrast ratio)."""
    luminance = relative_luminance(background)
    return _BLACK if (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) else _WHITE


def relative_luminance(colour: Colour) -> float:
    """0 for black, 1 for white (WCAG 2.2)."""
    red, green, blue = (_linear(channel / 255) for channel in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def css(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
