"""`harness logs`: the lines that the containers and the platform wrote, in the form of AWS's log streams.

On AWS: group `/aws/sagemaker/Endpoints/<endpoint>`, streams `<variant>/<instance-id>` (the container) and
`<variant>/<instance-id>/data-log` (the platform).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from deploy.core.waiting import REAL_TIME, Clock
from harness.core.errors import ConfigurationError

GROUP_PREFIX = "/aws/sagemaker/Endpoints/"
FOLLOW_SECONDS = 0.5


@dataclass(frozen=True)
class LogLine:
    group: str
    stream: str
    text: str


@dataclass
class LogReader:
    """A reader that goes on where it stopped; a line that is still being written is read the next time."""

    logs_dir: Path
    endpoint_name: str | None = None
    offsets: dict[Path, int] = field(default_factory=dict)

    def read(self) -> Iterator[LogLine]:
        for path in self._files():
            with path.open("rb") as file:
                file.seek(self.offsets.get(path, 0))
                text = file.read()
            whole = text[: text.rfind(b"\n") + 1]
            self.offsets[path] = self.offsets.get(path, 0) + len(whole)
            group, stream = self._names(path)
            for line in whole.decode("utf-8", errors="replace").splitlines():
                yield LogLine(group, stream, line)

    def _files(self) -> list[Path]:
        root = self.logs_dir / self.endpoint_name if self.endpoint_name else self.logs_dir
        return sorted(path for path in root.rglob("*") if path.is_file())

    def _names(self, path: Path) -> tuple[str, str]:
        endpoint, *stream = path.relative_to(self.logs_dir).parts
        return GROUP_PREFIX + endpoint, "/".join(stream).removesuffix(".log")


def last_lines(logs_dir: Path, endpoint_name: str | None, count: int) -> tuple[LogReader, list[LogLine]]:
    """The last `count` lines of every stream, and a reader that goes on after them.

    Raises ConfigurationError when the endpoint has no logs here.
    """
    if endpoint_name and not (logs_dir / endpoint_name).is_dir():
        known = sorted(path.name for path in logs_dir.iterdir()) if logs_dir.is_dir() else []
        raise ConfigurationError(
            f"no logs of endpoint {endpoint_name!r}; there are logs of: {', '.join(known) or 'none'}"
        )
    reader = LogReader(logs_dir, endpoint_name)
    streams: dict[tuple[str, str], list[LogLine]] = {}
    for line in reader.read():
        streams.setdefault((line.group, line.stream), []).append(line)
    return reader, [line for lines in streams.values() for line in lines[-count:]]


def follow(reader: LogReader, clock: Clock = REAL_TIME) -> Iterator[LogLine]:
    """Every line that is added; this never ends."""
    while True:
        yield from reader.read()
        clock.sleep(FOLLOW_SECONDS)
