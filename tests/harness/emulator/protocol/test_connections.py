"""Clients that send half a request, drip it, read no answer, or come in hundreds, do not keep the next one waiting."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress

import pytest

from deploy.core.waiting import wait_until
from harness.emulator.protocol.connections import BoundedConnection, ConnectionLimits
from harness.emulator.protocol.http import HttpApplication
from harness.emulator.protocol.http_server import HttpServer, listening_socket
from tests.harness.emulator.containers import Said, Seen
from tests.harness.emulator.running import RunningEmulator
from tests.harness.emulator.world import World

LIMITS = ConnectionLimits(most=8, request_seconds=0.6, answer_seconds=0.6, rest_seconds=5)
PATIENT = ConnectionLimits(most=8, request_seconds=60)
LONG = "x" * 30_000_000
HEAD = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Amz-Target: SageMaker.ListModels\r\n"
GET = b"GET /%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
HALVES = {
    "half a head": b"POST / HTTP/1.1\r\nHo",
    "half a body": HEAD + b"Content-Length: 50\r\n\r\n{",
    "no body": HEAD + b"Content-Length: 50\r\n\r\n",
    "a chunk too few": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n",
    "half a submission": b"POST /endpoints/e/async-invocations HTTP/1.1\r\nHost: [::1]\r\nContent-Length: 9\r\n\r\n1",
}


class Served:
    def __init__(self, world: World, limits: ConnectionLimits) -> None:
        self.gate = threading.Event()
        reports = {"/long": lambda: LONG, "/slow": self._slow, "/quick": lambda: "quick"}
        self._listener = listening_socket("127.0.0.1", 0)
        self.address: tuple[str, int] = self._listener.getsockname()[:2]
        self.server = HttpServer(HttpApplication(world.parts.operations, reports), self._listener, limits)
        self.server.start()

    def _slow(self) -> str:
        self.gate.wait(20)
        return "slow"

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=5)

    def ask(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(self.address[0], self.address[1], timeout=10)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    @property
    def open_connections(self) -> list[BoundedConnection]:
        return [each for each in self.server.connections() if isinstance(each, BoundedConnection)]

    def answered(self) -> int:
        """How many requests are being answered now."""
        return sum(each.waits_since is None for each in self.open_connections)

    def wait_until_none_is_open(self) -> None:
        wait_until(lambda: None if self.open_connections else True, what="connections to end", timeout_seconds=4,
                   every_seconds=0.02)  # fmt: skip


@contextmanager
def serving(world: World, limits: ConnectionLimits) -> Iterator[Served]:
    served = Served(world, limits)
    try:
        yield served
    finally:
        served.gate.set()
        served.server.stop()


@pytest.fixture
def served(world: World) -> Iterator[Served]:
    with serving(world, LIMITS) as made:
        yield made


def everything(connection: socket.socket) -> bytes:
    found = b""
    with suppress(ConnectionError):
        while piece := connection.recv(65536):
            found += piece
    return found


def status_of(connection: socket.socket) -> int:
    """The status of an answer, which is read to its end."""
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    answer.read()
    return answer.status


def seconds_of(act: Callable[[], object]) -> float:
    started = time.monotonic()
    act()
    return time.monotonic() - started


@pytest.mark.parametrize("sent", HALVES.values(), ids=HALVES)
def test_half_a_request_is_answered_408_and_ended(served: Served, sent: bytes) -> None:
    with served.connect() as connection:
        connection.sendall(sent)
        answer: list[bytes] = []
        assert 0.3 < seconds_of(lambda: answer.append(everything(connection))) < 3
    assert answer[0].startswith(b"HTTP/1.1 408 ")
    assert b"RequestTimeoutException" in answer[0]
    served.wait_until_none_is_open()


@pytest.mark.parametrize("begin", [b"POST / HTTP/1.1\r\nX-Long: ", HEAD + b"Content-Length: 5000\r\n\r\n"])
def test_a_request_that_drips_is_ended_at_the_same_time(served: Served, begin: bytes) -> None:
    def drip() -> None:
        with served.connect() as connection, suppress(ConnectionError):
            connection.sendall(begin)
            for _ in range(100):
                connection.sendall(b"x")
                time.sleep(0.05)

    assert seconds_of(drip) < 3


def test_who_says_nothing_is_ended_without_a_word(served: Served) -> None:
    with served.connect() as connection:
        assert everything(connection) == b""


def test_half_of_a_second_request_is_ended_too(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(GET % b"quick" + HEAD)
        answer = everything(connection)
    assert answer.count(b"HTTP/1.1 200 ") == 1
    assert answer.count(b"HTTP/1.1 408 ") == 1


def test_a_body_that_goes_on_after_its_answer_is_ended(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(b"POST /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 50\r\n\r\nhalf")
        answer = everything(connection)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"HTTP/1.1 408 " not in answer
    served.wait_until_none_is_open()


def test_an_answer_may_take_longer_than_a_request(served: Served) -> None:
    threading.Timer(1.5, served.gate.set).start()
    assert served.ask("/slow") == (200, b'"slow"')


def test_a_whole_request_after_a_rest_is_served(served: Served) -> None:
    with served.connect() as connection:
        for _ in range(3):
            connection.sendall(GET % b"quick")
            assert status_of(connection) == 200
            time.sleep(0.7)


def test_an_answer_that_nobody_reads_is_dropped(served: Served) -> None:
    with served.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(GET % b"long")
        wait_until(lambda: served.open_connections or None, what="the connection", timeout_seconds=4)
        served.wait_until_none_is_open()


def test_a_long_answer_that_is_read_arrives(served: Served) -> None:
    assert served.ask("/long") == (200, b'"%s"' % LONG.encode())


def test_who_rests_makes_way(world: World) -> None:
    with serving(world, PATIENT) as served, ExitStack() as stack:
        for _ in range(30):
            connection = stack.enter_context(served.connect())
            connection.sendall(GET % b"quick")
            assert status_of(connection) == 200
        wait_until(lambda: len(served.open_connections) <= PATIENT.most or None, what="room", timeout_seconds=4)


def test_two_hundred_half_sent_requests_keep_no_good_one_waiting_and_take_no_thread(world: World) -> None:
    with serving(world, ConnectionLimits(most=50, request_seconds=60)) as served, ExitStack() as stack:
        served.ask("/quick")
        threads = threading.active_count()
        for number in range(200):
            stack.enter_context(served.connect()).sendall(list(HALVES.values())[number % len(HALVES)])
            if number % 10 == 0:
                assert seconds_of(lambda: served.ask("/quick")) < 5
        wait_until(lambda: len(served.open_connections) <= 50 or None, what="room", timeout_seconds=4)
        assert threading.active_count() <= threads + 5


def test_where_all_are_being_answered_a_new_one_gets_503(world: World) -> None:
    with serving(world, PATIENT) as served, ExitStack() as stack:
        busy = [stack.enter_context(served.connect()) for _ in range(PATIENT.most)]
        for connection in busy:
            connection.sendall(GET % b"slow")
        wait_until(lambda: served.answered() == PATIENT.most or None, what="all to be answered", timeout_seconds=4)
        with served.connect() as connection:
            refused = everything(connection)
        served.gate.set()
        answers = [status_of(connection) for connection in busy]
    assert refused.startswith(b"HTTP/1.1 503 ")
    assert b'"ServiceUnavailable"' in refused
    assert answers == [200] * PATIENT.most


def test_invocations_that_wait_for_a_container_hold_up_nothing_else(running: RunningEmulator) -> None:
    running.serve("rt", is_async=False)
    running.serve("ep")
    gate = threading.Event()

    def answer(seen: Seen) -> Said:
        if seen.body == b"wait":
            gate.wait(20)
        return Said(200, seen.body)

    running.script.answer = answer
    address = running.emulator.url.removeprefix("http://")

    def invoke() -> int:
        connection = http.client.HTTPConnection(address, timeout=60)
        connection.request("POST", "/endpoints/rt/invocations", b"wait")
        status = connection.getresponse().status
        connection.close()
        return status

    with ThreadPoolExecutor(100) as pool:
        waiting = [pool.submit(invoke) for _ in range(100)]
        try:
            wait_until(lambda: running.script.now_inside >= 50 or None, what="many to be inside", timeout_seconds=20)
            began = time.monotonic()
            accepted = running.client.invoke_endpoint_async(EndpointName="ep", Body=b"at once")
            assert running.sagemaker.list_models()["Models"]
            assert time.monotonic() - began < 5
            running.wait_for_object(accepted["OutputLocation"])
        finally:
            gate.set()
        assert {one.result() for one in waiting} == {200}
