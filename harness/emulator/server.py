"""The emulator as a running service: its threads, its port, its start and its stop.

One thread serves HTTP. Every endpoint has one thread for its life cycle and one that assigns its jobs; every job has a
thread of its own. The parts that `app` assembles take every decision.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import asdict
from types import TracebackType

from deploy.core.waiting import wait_until
from harness.core.callers import Callers
from harness.core.errors import MachineCannot, TimedOut
from harness.core.state import remove_tree
from harness.emulator.app import Dependencies, Parts, assemble
from harness.emulator.async_inference.engine import REST_AFTER_AN_ERROR_SECONDS, Assignment
from harness.emulator.context.settings import EmulatorSettings
from harness.emulator.context.state_lock import StateLock
from harness.emulator.endpoints.life_cycle import EndpointActor
from harness.emulator.protocol.http import HttpApplication, Reports
from harness.emulator.protocol.http_server import HttpServer, listening_socket
from harness.emulator.store.catalog import Endpoint
from harness.emulator.store.trouble import EmulatorStops, local_trouble
from harness.processes import sweep

HEALTH_PATH = "/_rehearsal/health"
INSTANCES_PATH = "/_rehearsal/instances"
TIMINGS_PATH = "/_rehearsal/timings"
_STEP_SECONDS = 0.05
# AWS seconds, which the time scale shortens.
_SCALE_EVERY_SECONDS = 10.0
_DISPATCH_SECONDS = 0.25
# The resolution of log time stamps while no client reads the log.
_LOOK_EVERY_SECONDS = 1.0
_TIDY_EVERY_SECONDS = 60.0
# The wait for requests whose instance was just ended. They fail at once, unless someone else runs the container.
_FAILING_REQUESTS_SECONDS = 2.0
log = logging.getLogger(__name__)


class Emulator:
    """`start`, use `url`, `stop`; or `with Emulator(...) as emulator`."""

    def __init__(self, settings: EmulatorSettings, dependencies: Dependencies) -> None:
        self.settings = settings
        self.dependencies = dependencies
        self._stopping = threading.Event()
        self._wake_events: dict[int, threading.Event] = {}
        self._threads: list[threading.Thread] = []
        self._working = 0
        self._working_lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._server: HttpServer | None = None
        self._lock = StateLock(settings.state_dir)
        self.parts: Parts

    @property
    def url(self) -> str:
        if self._socket is None:
            return ""
        host, port = self._socket.getsockname()[:2]
        return f"http://{host}:{port}"

    def start(self) -> Emulator:
        """Return once the emulator listens. Raises MachineCannot when the port or the state folder is taken."""
        self._lock.acquire()
        try:
            self._socket = listening_socket(self.settings.host, self.settings.port)
            self._sweep()
            self.parts = self._opened()
            self.parts.records.spool.sweep(self.parts.records.jobs.unfinished_uuids())
            self._spawn("keeper", self._keep_endpoints)
            self._spawn("scaler", self._scale, every=self.settings.real_seconds(_SCALE_EVERY_SECONDS))
            self._spawn("metrics", self.parts.publisher.publish, every=self.settings.publish_every_real_seconds)
            self._spawn("logs", self._look_at_logs, every=_LOOK_EVERY_SECONDS)
            self._spawn("housekeeping", self.parts.housekeeping.tidy, every=_TIDY_EVERY_SECONDS)
            app = HttpApplication(self.parts.operations, self.reports(), self._callers())
            self._server = HttpServer(app, self._socket)
            self._server.start()
        except BaseException:
            if self._socket is not None:
                self._socket.close()
            self._lock.release()
            raise
        return self

    def _opened(self) -> Parts:
        """Raises MachineCannot when the state folder cannot be written."""
        try:
            parts = assemble(self.settings, self.dependencies, self._wake, self._pause)
            parts.records.jobs.recover()
        except Exception as error:
            trouble = local_trouble(error)
            if trouble is None:
                raise
            raise MachineCannot(
                f"the state folder {self.settings.state_dir} cannot be used: {trouble}; make room, and start again"
            ) from error
        return parts

    def _pause(self, seconds: float) -> bool:
        """Wait; return False when the emulator stops."""
        return not self._stopping.wait(seconds)

    def stop(self) -> None:
        """Accept no more requests, wait for those under way, end the instances. A second call does nothing."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        if self._server is not None:
            self._server.stop()
        for thread in self._threads:
            thread.join()
        self._drain(self.settings.drain_seconds)
        self.parts.engine.close()
        self._stop_instances()
        self._drain(_FAILING_REQUESTS_SECONDS)
        try:
            self.parts.publisher.publish()
        except Exception:
            log.exception("the last metrics could not be published")
        finally:
            self.parts.context.store.close()
            self._lock.release()

    def reports(self) -> Reports:
        return {
            HEALTH_PATH: self.health,
            INSTANCES_PATH: self.instances,
            TIMINGS_PATH: self.parts.records.timings.report,
        }

    def _callers(self) -> Callers:
        return Callers(self.settings.host, self.settings.allowed_hosts)

    def health(self) -> dict[str, object]:
        endpoints = {endpoint.name: endpoint.status for endpoint in self.parts.context.catalog.endpoints()}
        return {"status": "running", "endpoints": endpoints}

    def instances(self) -> list[dict[str, object]]:
        """The running instances and the facts about them, which reports use as evidence."""
        return [
            {"instance_id": each.spec.instance_id, "endpoint_name": each.spec.endpoint_name, **asdict(each.facts())}
            for each in self.parts.registry.instances()
        ]

    def __enter__(self) -> Emulator:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _sweep(self) -> None:
        """End the instances that a killed emulator left behind, and remove their folders."""
        for swept in sweep(self.settings.state_dir):
            log.warning("ended %s, left by an emulator that died", swept.what)
        for stray in self.dependencies.end_strays():
            log.warning("removed %s, left by an emulator that died", stray)
        remove_tree(self.settings.work_root)

    def _keep_endpoints(self) -> None:
        for endpoint in self.parts.registry.missing():
            self._add(endpoint)

    def _add(self, endpoint: Endpoint) -> None:
        actor = self.parts.registry.add(endpoint)
        self._wake_events[endpoint.id] = threading.Event()
        gone = threading.Event()
        try:
            self._spawn(f"life-{endpoint.name}", lambda: self._live(actor, gone), gone)
            self._spawn(
                f"jobs-{endpoint.name}", lambda: self._dispatch(endpoint.id), gone, self._wake_events[endpoint.id]
            )
        except RuntimeError:  # no more threads: the keeper adds it again
            gone.set()
            self.parts.registry.remove(endpoint.id)
            raise

    def _live(self, actor: EndpointActor, gone: threading.Event) -> None:
        if not actor.step():
            self.parts.registry.remove(actor.endpoint_id)
            gone.set()
            self._wake(actor.endpoint_id)
            self._wake_events.pop(actor.endpoint_id, None)

    def _dispatch(self, endpoint_id: int) -> None:
        engine = self.parts.engine
        engine.expire(endpoint_id)
        engine.settle(endpoint_id)
        while not self._stopping.is_set() and (assignment := engine.assign(endpoint_id)) is not None:
            with self._working_lock:
                self._working += 1
            try:
                threading.Thread(target=self._perform, args=(assignment,), name="job", daemon=True).start()
            except RuntimeError as error:  # no more threads
                with self._working_lock:
                    self._working -= 1
                engine.give_back(assignment, error)
                return

    def _perform(self, assignment: Assignment) -> None:
        try:
            self.parts.engine.perform(assignment)
        except Exception:
            if not self._stopping.is_set():  # otherwise the next start resumes from the row
                log.exception("job %s ended with an unexpected error", assignment.job.invocation.uuid)
        finally:
            with self._working_lock:
                self._working -= 1
            self._wake(assignment.job.endpoint_id)

    def _scale(self) -> None:
        self.parts.publisher.sample()
        self.parts.scaler.tick()

    def _look_at_logs(self) -> None:
        self.parts.platform_log.write_kept()
        self.parts.log_times.note()

    def _wake(self, endpoint_id: int) -> None:
        event = self._wake_events.get(endpoint_id)
        if event is not None:
            event.set()

    def _spawn(
        self,
        name: str,
        act: Callable[[], None],
        gone: threading.Event | None = None,
        wake: threading.Event | None = None,
        every: float = _STEP_SECONDS,
    ) -> None:
        def run() -> None:
            while not self._stopping.is_set() and not (gone is not None and gone.is_set()):
                try:
                    act()
                except Exception as error:
                    _tell(name, error)
                    self._stopping.wait(REST_AFTER_AN_ERROR_SECONDS)
                self._rest(wake, every)

        thread = threading.Thread(target=run, name=name, daemon=True)
        self._threads = [one for one in self._threads if one.is_alive() or not one.ident] + [thread]
        thread.start()

    def _rest(self, wake: threading.Event | None, every: float) -> None:
        if wake is None:
            self._stopping.wait(max(every, _STEP_SECONDS))
        else:
            wake.wait(_DISPATCH_SECONDS)
            wake.clear()

    def _drain(self, seconds: float) -> None:
        try:
            wait_until(
                lambda: True if self._working == 0 else None,
                what="requests under way",
                timeout_seconds=seconds,
                every_seconds=0.02,
            )
        except TimedOut:
            log.info("%d requests under way stay queued", self._working)

    def _stop_instances(self) -> None:
        stopping = [threading.Thread(target=_stop, args=(actor,)) for actor in self.parts.registry.actors()]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join()


def _tell(name: str, error: Exception) -> None:
    """Log why an act of a thread failed; the thread goes on."""
    trouble = local_trouble(error)
    if isinstance(error, EmulatorStops):
        log.info("%s", error)
    elif trouble is not None:
        log.warning("%s waits, because this machine could not go on: %s", name, trouble)
    else:
        log.error("%s failed with an unexpected error and goes on", name, exc_info=error)


def _stop(actor: EndpointActor) -> None:
    try:
        actor.stop()
    except Exception:
        log.exception("an instance could not be ended; the next start ends it")
