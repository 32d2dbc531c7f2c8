"""The scene: things of six classes that appear, cross the picture and leave.

Owns the classes, the geometry and the placing of things from a seed. May not touch pixels or files.

Things are drawn in whole sixteenths of a pixel, and placing uses `random.Random` alone, so that one seed gives one
scene on every machine and with every version of numpy.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from enum import StrEnum

UNITS_PER_PIXEL = 16
WALL_GAP_PIXELS = 3.0
NEIGHBOUR_GAP_PIXELS = 5.0

Point = tuple[float, float]
Span = tuple[float, float]


class Shape(StrEnum):
    CIRCLE = "circle"
    SQUARE = "square"
    TRIANGLE = "triangle"


class Hue(StrEnum):
    RED = "red"
    BLUE = "blue"


CLASSES: tuple[tuple[Hue, Shape], ...] = tuple((hue, shape) for hue in Hue for shape in Shape)
LABELS: dict[int, str] = {index: f"{hue} {shape}" for index, (hue, shape) in enumerate(CLASSES, start=1)}
CORNERS: dict[Shape, int] = {Shape.SQUARE: 4, Shape.TRIANGLE: 3}


@dataclass(frozen=True)
class Thing:
    """One moving shape, present from `first_frame` to `last_frame` inclusive and always wholly inside the picture.

    `start` is its centre at `first_frame`; `radius_pixels` reaches its outermost points, so a turning thing stays
    within it.
    """

    track: int
    hue: Hue
    shape: Shape
    rgb: tuple[int, int, int]
    radius_pixels: float
    first_frame: int
    last_frame: int
    start: Point
    step_per_frame: Point
    angle_radians: float
    turn_per_frame: float

    @property
    def label_id(self) -> int:
        return CLASSES.index((self.hue, self.shape)) + 1

    def is_present(self, frame_index: int) -> bool:
        return self.first_frame <= frame_index <= self.last_frame

    def centre(self, frame_index: int) -> Point:
        elapsed = frame_index - self.first_frame
        return self.start[0] + elapsed * self.step_per_frame[0], self.start[1] + elapsed * self.step_per_frame[1]

    def corners_in_units(self, frame_index: int) -> list[tuple[int, int]]:
        """The polygon's corners in 1/16 pixel, in turning order; a circle has none."""
        angle = self.angle_radians + (frame_index - self.first_frame) * self.turn_per_frame
        count = CORNERS.get(self.shape, 0)
        x, y = self.centre(frame_index)
        directions = [angle + 2 * math.pi * corner / count for corner in range(count)]
        return [
            (in_units(x + self.radius_pixels * math.cos(turn)), in_units(y + self.radius_pixels * math.sin(turn)))
            for turn in directions
        ]


@dataclass(frozen=True)
class Scene:
    """A picture size, a length and what moves in it. `seed` also decides the background."""

    seed: int
    width: int
    height: int
    frame_count: int
    things: tuple[Thing, ...]

    def present(self, frame_index: int) -> tuple[Thing, ...]:
        return tuple(thing for thing in self.things if thing.is_present(frame_index))


@dataclass(frozen=True)
class Casting:
    """The ranges from which things are drawn. Speeds are pixels per frame along each axis."""

    radius_pixels: Span = (16.0, 24.0)
    frames_present: tuple[int, int] = (14, 22)
    speed_x: Span = (7.0, 12.0)
    speed_y: Span = (5.0, 8.0)
    turn_per_frame: Span = (-0.12, 0.12)


def in_units(pixels: float) -> int:
    return round(pixels * UNITS_PER_PIXEL)


def place(
    seed: int, *, width: int, height: int, frame_count: int, per_class: int, casting: Casting = Casting()
) -> Scene:
    """A scene with up to `per_class` things of each class, none touching another or the picture's edge.

    A thing for which 400 tries find no room is left out, so that too many things give a full picture, not an error.
    """
    dice = random.Random(seed)  # noqa: S311 - a reproducible scene, not a secret
    roles = [role for role in CLASSES for _ in range(per_class)]
    dice.shuffle(roles)
    placed: list[Thing] = []
    for hue, shape in roles:
        for _ in range(400):
            thing = _cast(dice, len(placed) + 1, hue, shape, (width, height, frame_count), casting)
            if _fits(thing, placed, width, height):
                placed.append(thing)
                break
    return Scene(seed, width, height, frame_count, tuple(placed))


def _cast(
    dice: random.Random, track: int, hue: Hue, shape: Shape, extent: tuple[int, int, int], casting: Casting
) -> Thing:
    width, height, frame_count = extent
    length = min(dice.randint(*casting.frames_present), frame_count)
    first_frame = dice.randint(0, frame_count - length)
    return Thing(
        track=track,
        hue=hue,
        shape=shape,
        rgb=_colour(dice, hue),
        radius_pixels=dice.uniform(*casting.radius_pixels),
        first_frame=first_frame,
        last_frame=first_frame + length - 1,
        start=(dice.uniform(0, width), dice.uniform(0, height)),
        step_per_frame=(_signed(dice, casting.speed_x), _signed(dice, casting.speed_y)),
        angle_radians=dice.uniform(0, 2 * math.pi),
        turn_per_frame=dice.uniform(*casting.turn_per_frame),
    )


def _signed(dice: random.Random, span: Span) -> float:
    return dice.choice((-1, 1)) * dice.uniform(*span)


def _colour(dice: random.Random, hue: Hue) -> tuple[int, int, int]:
    strong, middle, weak = dice.randint(195, 235), dice.randint(30, 70), dice.randint(20, 55)
    return (strong, middle, weak) if hue is Hue.RED else (weak, middle, strong)


def _fits(thing: Thing, placed: list[Thing], width: int, height: int) -> bool:
    return all(
        _inside(thing.centre(end), thing.radius_pixels + WALL_GAP_PIXELS, width, height)
        for end in (thing.first_frame, thing.last_frame)
    ) and not any(_touch(thing, other) for other in placed)


def _inside(centre: Point, reach: float, width: int, height: int) -> bool:
    return reach <= centre[0] <= width - reach and reach <= centre[1] <= height - reach


def _touch(thing: Thing, other: Thing) -> bool:
    shared = range(max(thing.first_frame, other.first_frame), min(thing.last_frame, other.last_frame) + 1)
    distance = thing.radius_pixels + other.radius_pixels + NEIGHBOUR_GAP_PIXELS
    return any(math.dist(thing.centre(frame), other.centre(frame)) < distance for frame in shared)
