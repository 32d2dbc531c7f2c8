from __future__ import annotations

from pathlib import Path

import pytest

from deploy.promote.smoke import probe
from tests.deploy.projects import write_project


@pytest.mark.parametrize(
    ("name", "extra", "content_type"),
    [
        ("clip.ts", "", "video/mp2t"),
        ("frame.png", "", "image/png"),
        ("clip.ts", "smoke_content_type = 'video/mp4'\n", "video/mp4"),
    ],
)
def test_a_smoke_test_is_sent_as_what_its_name_says_unless_the_project_says_more(
    tmp_path: Path, name: str, extra: str, content_type: str
) -> None:
    project = write_project(tmp_path, extra=f"[rollout]\nsmoke_input = '{name}'\n{extra}")
    (tmp_path / name).write_bytes(b"x")
    assert probe(project, ()).content_type == content_type
