"""A handler's functions are read from its syntax, however it comes by them, and it is never imported."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.scaffold.functions import Functions, functions_of
from tests.harness.scaffold.folders import TRIO


def read(tmp_path: Path, text: str) -> Functions:
    path = tmp_path / "inference.py"
    path.write_text(text, encoding="utf-8")
    return functions_of(path)


def test_functions_come_in_the_order_of_a_request(tmp_path: Path) -> None:
    assert read(tmp_path, TRIO).hooks == ("model_fn", "input_fn", "predict_fn", "output_fn")


@pytest.mark.parametrize(
    "text",
    [
        "async def model_fn(model_dir): ...",
        "from loading import model_fn",
        "from loading import load as model_fn",
        "model_fn = lambda model_dir: None",
        "try:\n    from fast import model_fn\nexcept ImportError:\n    def model_fn(model_dir): ...",
        "import sys\nif sys.version_info > (3, 8):\n    def model_fn(model_dir): ...",
    ],
)
def test_a_function_is_seen_however_the_module_gets_it(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text).hooks == ("model_fn",)


def test_a_method_is_no_function_of_the_module(tmp_path: Path) -> None:
    assert read(tmp_path, "class Handler:\n    def model_fn(self, model_dir): ...").hooks == ()


def test_the_file_is_not_run(tmp_path: Path) -> None:
    assert read(tmp_path, "raise SystemExit\ndef predict_fn(data, model): ...").hooks == ("predict_fn",)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("from fastapi import FastAPI\napp = FastAPI()", "a FastAPI app"),
        ("import flask\napp = flask.Flask(__name__)", "a Flask app"),
        ("def handle(data, context): ...", "handle(data, context)"),
        ("def handle(data): ...", ""),
    ],
)
def test_what_serves_without_the_toolkit_is_named(tmp_path: Path, text: str, other: str) -> None:
    assert read(tmp_path, text).other == other


def test_the_words_of_requests_and_answers_are_kept_apart(tmp_path: Path) -> None:
    functions = read(tmp_path, TRIO)
    assert functions.words >= {"image/jpeg", "application/json", "net.pth"}
    assert functions.requests == {"image/jpeg"}
    assert functions.answers == {"application/json"}
