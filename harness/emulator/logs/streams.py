"""The log streams: the files in the layout of `instances.platform_log` under the names that AWS gives them.

Group `/aws/sagemaker/Endpoints/<endpoint>`, streams `<variant>/<instance-id>` (the container) and
`<variant>/<instance-id>/data-log` (the platform).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

GROUP_PREFIX = "/aws/sagemaker/Endpoints/"
_CONTAINER_SUFFIX = ".log"


@dataclass(frozen=True)
class StreamFile:
    endpoint_name: str
    name: str
    """`<variant>/<instance-id>`, or `<variant>/<instance-id>/data-log`."""
    path: Path

    @property
    def group(self) -> str:
        return GROUP_PREFIX + self.endpoint_name

    @property
    def instance_id(self) -> str:
        return self.name.split("/")[1]


def stream_files(logs_dir: Path) -> Iterator[StreamFile]:
    """Yield all log files, by endpoint and name."""
    found = [path for pattern in ("*/*/*.log", "*/*/*/data-log") for path in logs_dir.glob(pattern)]
    for path in sorted(found):
        endpoint, *name = path.relative_to(logs_dir).parts
        yield StreamFile(endpoint, "/".join(name).removesuffix(_CONTAINER_SUFFIX), path)
