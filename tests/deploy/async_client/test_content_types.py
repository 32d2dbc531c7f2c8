from __future__ import annotations

import mimetypes
from pathlib import Path

import pytest

from deploy.async_client import content_type_of, content_types
from deploy.async_client.content_types import CONTENT_TYPES


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("clip.ts", "video/mp2t"),
        ("clip.MTS", "video/mp2t"),
        ("clip.m2ts", "video/mp2t"),
        ("clip.3gp", "video/3gpp"),
        ("clip.3g2", "video/3gpp2"),
        ("clip.mxf", "application/mxf"),
        ("clip.y4m", "video/x-yuv4mpeg"),
        ("clip.part.webm", "video/webm"),
        ("lines.jsonl", "application/jsonlines"),
        ("stack.npy", "application/x-npy"),
        ("table.csv", "text/csv"),
        ("nothing.known", "application/octet-stream"),
        ("mp4", "application/octet-stream"),
    ],
)
def test_a_name_has_one_type(name: str, content_type: str) -> None:
    assert content_type_of(Path("folder.mp4", name)) == content_type


def test_the_machines_table_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {suffix: content_type_of(Path(f"a{suffix}")) for suffix in (*CONTENT_TYPES, ".odd")}
    mimetypes.init()
    for suffix in before:
        monkeypatch.setitem(mimetypes.types_map, suffix, "model/vnd.mts")
    assert {suffix: content_type_of(Path(f"a{suffix}")) for suffix in before} == before


def test_no_suffix_has_two_types() -> None:
    named = [suffix for suffixes in content_types._SUFFIXES.values() for suffix in suffixes.split()]
    assert len(named) == len(set(named))
