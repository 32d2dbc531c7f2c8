"""Which requests a server of ours answers, by their Host, Origin and Sec-Fetch-Site."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.core.callers import Callers

HERE = Callers()
EVERYWHERE = Callers("0.0.0.0")  # noqa: S104  as in a container
LABEL = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8080", "127.0.0.1", "localhost:8080", "LOCALHOST", "localhost.:80", "[::1]:80", "bucket.localhost:80"],
)
def test_programs_of_this_machine_are_answered(host: str) -> None:
    assert HERE.refusal([host], [], []) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", "evil-localhost", "192.168.1.5:8080",
        "user@localhost", "localhost@evil.example", "", ":8080", "localhost:port", "[::1", "2130706433.evil", "0.0.0.0",  # noqa: S104
    ],
)  # fmt: skip
def test_a_name_that_does_not_mean_this_machine_is_refused(host: str) -> None:
    assert host in (HERE.refusal([host], [], []) or "")


def test_a_request_without_a_host_or_with_two_is_refused() -> None:
    assert HERE.refusal([], [], [])
    assert HERE.refusal(["localhost", "localhost"], [], [])


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost:3000", "null", "", "http://[", "file://", "http://127.0.0.1"]
)
def test_pages_of_another_origin_are_refused(origin: str) -> None:
    assert origin in (HERE.refusal(["localhost:8080"], [origin], []) or "")


def test_a_page_of_the_server_itself_is_answered() -> None:
    assert HERE.refusal(["localhost:8080"], ["http://localhost:8080"], ["same-origin"]) is None


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_what_a_browser_calls_foreign_is_refused_without_an_origin_too(site: str) -> None:
    """Pictures and links that a page embeds are GET requests without an Origin."""
    assert "another site" in (HERE.refusal(["localhost:8080"], [], [site]) or "")


def test_an_address_typed_into_a_browser_is_answered() -> None:
    assert HERE.refusal(["localhost:8080"], [], ["none"]) is None


def test_a_server_is_called_by_the_address_that_it_listens_on() -> None:
    assert Callers("192.168.1.5").refusal(["192.168.1.5:80"], [], []) is None
    assert Callers("192.168.1.5").refusal(["192.168.1.6:80"], [], [])
    assert EVERYWHERE.refusal(["192.168.1.6:80"], [], []) is None
    assert EVERYWHERE.refusal(["evil.example"], [], [])


def test_further_names_can_be_allowed_and_then_their_pages_too() -> None:
    callers = Callers(hosts=("host.docker.internal", ".demo.example"))
    assert callers.refusal(["Host.Docker.Internal:80"], [], []) is None
    assert callers.refusal(["a.demo.example"], ["http://b.demo.example"], []) is None
    assert callers.refusal(["demo.example"], [], [])
    assert callers.refusal(["evil-demo.example"], [], [])


@given(st.lists(LABEL, min_size=2, max_size=4), st.integers(1, 65535))
def test_no_name_of_several_labels_passes_unless_it_ends_in_localhost(labels: list[str], port: int) -> None:
    refused = HERE.refusal([f"{'.'.join(labels)}:{port}"], [], []) is not None
    assert refused == (labels[-1] != "localhost")


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_header_ends_the_check(host: str, origin: str) -> None:
    HERE.refusal([host], [origin], [])
    assert HERE.refusal(["localhost"], [origin], []) or origin.lower().endswith("//localhost")
