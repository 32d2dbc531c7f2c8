from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.core import header_text


@given(st.text())
def test_what_is_written_is_read(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    assert header_text.read(header_text.written(text)) == text


@given(st.text(st.characters(codec="utf-8")))
def test_what_http_client_took_for_latin_1_is_read_again(text: str) -> None:
    assert header_text.reread(header_text.written(text).decode("latin-1")) == text


@pytest.mark.parametrize("text", ["s3://bucket/out/a%20b.out", "\u6620\u50cf", "caf\u00e9 and no UTF-8"])
def test_what_is_no_utf_8_stays_as_it_is(text: str) -> None:
    assert header_text.reread(text) == text
    assert header_text.read(b"caf\xe9") == "caf\u00e9"
