"""The tiny stack's server: loads `src/model.py` of a model folder and answers with its `answer`. Run as a file.

Usage: `tiny_server.py MODEL_FOLDER PORT`. It writes a dialect of its own: `TINY ...` lines, and `TICK` as noise.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TIMEOUT_SECONDS = float(os.environ["TINY_TIMEOUT_SECONDS"])
answers: list[Callable[[bytes], bytes]] = []


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def load(folder: Path) -> None:
    try:
        spec = importlib.util.spec_from_file_location("model", folder / "src" / "model.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        answers.append(module.answer)
        say("TINY loaded")
    except Exception as error:
        say("TINY load failed")
        traceback.print_exc()
        say(f"TINY cause {type(error).__name__}: {error}")


class Handler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        say("TICK")

    def do_GET(self) -> None:
        is_ready = self.path == "/ping" or (self.path == "/loaded" and bool(answers))
        self.reply(200 if is_ready else 503)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        say("TINY request")
        if not answers:
            self.reply(503, b"no model")
            return
        try:
            self.reply(200, pool.submit(answers[0], body).result(TIMEOUT_SECONDS))
        except TimeoutError:
            self.reply(504, b"tiny gave up")
        except Exception as error:
            self.reply(500, str(error).encode())

    def reply(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    pool = ThreadPoolExecutor()
    threading.Thread(target=load, args=(Path(sys.argv[1]),), daemon=True).start()
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
