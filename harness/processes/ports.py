"""Free ports on the loopback interface, kept free until the server that is to use one has bound it.

A reserved port is bound but not listening, with SO_REUSEADDR: on Linux a server that sets the same option (the JVM,
Twisted, asyncio and uvicorn do) can bind it, while the kernel gives it to no process that asks for any port.
"""

from __future__ import annotations

import socket
import sys
from types import TracebackType

import psutil

LOOPBACK = "127.0.0.1"


class ReservedPort:
    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((LOOPBACK, 0))
        self.port: int = self._socket.getsockname()[1]
        if sys.platform != "linux":  # elsewhere no other process can bind it while this one holds it
            self.release()

    def release(self) -> None:
        self._socket.close()

    def __enter__(self) -> ReservedPort:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def listens(pid: int, port: int) -> bool:
    """Whether this process or a descendant listens on the port: an answer on it may come from another program."""
    try:
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
        return any(_listens_itself(process, port) for process in family)
    except psutil.Error:
        return False


def _listens_itself(process: psutil.Process, port: int) -> bool:
    try:
        return any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in process.net_connections("tcp"))
    except psutil.Error:
        return False
