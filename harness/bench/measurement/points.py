"""The points that a sweep tries. Owns `Point` and the product of the axes; may not measure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

from deploy.config import Project
from deploy.evidence import measured
from harness.core.errors import ConfigurationError

AS_CONFIGURED = measured.AS_CONFIGURED


@dataclass(frozen=True)
class FrameSize:
    """The size of the frames that the network gets, in pixels."""

    width: int
    height: int

    @staticmethod
    def parse(text: str) -> FrameSize:
        """The size that `1280x720` means; raises ConfigurationError."""
        width, cross, height = text.lower().partition("x")
        if not (cross and width.isdigit() and height.isdigit() and int(width) and int(height)):
            raise ConfigurationError(f"--frame-size must be WIDTHxHEIGHT, such as 1280x720, not {text!r}")
        return FrameSize(int(width), int(height))


@dataclass(frozen=True)
class Point:
    """Settings to measure; None means the project's own setting."""

    batch_size: int | None = None
    precision: str | None = None
    frame_size: FrameSize | None = None
    concurrency: int = 1

    @property
    def settings(self) -> Mapping[str, str]:
        """The variables that replace those of the handler's environment."""
        size = self.frame_size
        wanted = {
            "BATCH_SIZE": self.batch_size,
            "PRECISION": self.precision,
            "FRAME_WIDTH": size.width if size else None,
            "FRAME_HEIGHT": size.height if size else None,
        }
        return {name: str(value) for name, value in wanted.items() if value is not None}

    @property
    def name(self) -> str:
        size = self.frame_size
        parts = [
            f"batch {self.batch_size}" if self.batch_size else "",
            self.precision or "",
            f"{size.width}x{size.height}" if size else "",
            f"{self.concurrency} at once" if self.concurrency > 1 else "",
        ]
        return ", ".join(part for part in parts if part) or AS_CONFIGURED

    def laid_over(self, project: Project, endpoint_name: str) -> Project:
        """The project with this point's settings, behind an endpoint of its own."""
        handler = project.handler.model_copy(update={"environment": {**project.handler.environment, **self.settings}})
        endpoint = project.endpoint.model_copy(
            update={
                "name": endpoint_name,
                "initial_instance_count": 1,
                "max_concurrent_invocations_per_instance": self.concurrency,
            }
        )
        return replace(project, handler=handler, endpoint=endpoint)


@dataclass(frozen=True)
class Axes:
    batch_sizes: Sequence[int]
    precisions: Sequence[str] = ()
    frame_sizes: Sequence[FrameSize] = ()
    concurrencies: Sequence[int] = (1,)


def points(axes: Axes) -> tuple[Point, ...]:
    """The project's own settings first, then every combination, the slow axis outermost; each point once."""
    return tuple(dict.fromkeys((Point(), *_combined(axes))))


def _combined(axes: Axes) -> Iterator[Point]:
    sizes: Sequence[FrameSize | None] = axes.frame_sizes or (None,)
    precisions: Sequence[str | None] = axes.precisions or (None,)
    batches: Sequence[int | None] = axes.batch_sizes or (None,)
    for size, precision, concurrency, batch in product(sizes, precisions, axes.concurrencies or (1,), batches):
        yield Point(batch, precision, size, concurrency)
