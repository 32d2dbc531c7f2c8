"""Who may call a server of ours: programs that name this machine, and no page of a stranger.

A web page that somebody merely visits can send requests to every server on the visitor's machine: plain ones as they
are, and any kind under a name of the page's own that is made to point at this machine (DNS rebinding). Both show in
headers that a page cannot choose: `Origin` and `Sec-Fetch-Site`, and `Host`.

Only the standard library, and nothing of ours: LocalStack's own environment loads this file too.
Sources: RFC 6761 (localhost), the Fetch standard (Origin), and Fetch Metadata Request Headers.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

_OF_NO_PAGE = frozenset({"none", "same-origin"})


@dataclass(frozen=True)
class Callers:
    """`bound` is the address that the server listens on; `hosts` are further names it may be called by.

    A name that begins with a dot stands for all names below it.
    """

    bound: str = "127.0.0.1"
    hosts: tuple[str, ...] = ()

    def refusal(self, hosts: Sequence[str], origins: Sequence[str], fetch_sites: Sequence[str]) -> str | None:
        """Why a request with such `Host`, `Origin` and `Sec-Fetch-Site` headers is refused; None if it is served."""
        if len(hosts) != 1 or not self._is_named(_name(hosts[0])):
            named = ", ".join(hosts) or "none"
            return f"the request's Host is {named}, which names neither this machine's loopback nor an allowed host"
        foreign = next((each for each in origins if not self._is_own(each, hosts[0])), None)
        if foreign is not None:
            return f"the request comes from a web page of {foreign}"
        if any(each not in _OF_NO_PAGE for each in fetch_sites):
            return "the request comes from a web page of another site"
        return None

    def _is_named(self, name: str) -> bool:
        if not name:
            return False
        address = _address(name)
        if address is not None:
            return address.is_loopback or name == self.bound or self._listens_everywhere
        return name == "localhost" or name.endswith(".localhost") or any(_matches(name, each) for each in self.hosts)

    @property
    def _listens_everywhere(self) -> bool:
        bound = _address(self.bound)
        return bound is not None and bound.is_unspecified

    def _is_own(self, origin: str, host: str) -> bool:
        """Whether a page of this server sends it, or one of a host that was allowed by name."""
        netloc = _netloc(origin)
        return bool(netloc) and (netloc == host.lower() or any(_matches(_name(netloc), each) for each in self.hosts))


def _netloc(origin: str) -> str:
    try:
        return urlsplit(origin.lower()).netloc
    except ValueError:
        return ""


def _name(netloc: str) -> str:
    """The name or address in a Host header, without its port; empty if there is none."""
    try:
        parts = urlsplit(f"//{netloc.lower()}")
        _ = parts.port
    except ValueError:
        return ""
    is_plain = parts.netloc == netloc.lower() and "@" not in netloc
    return (parts.hostname or "").removesuffix(".") if is_plain else ""


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _matches(name: str, allowed: str) -> bool:
    allowed = allowed.lower()
    return name.endswith(allowed) if allowed.startswith(".") else name == allowed
