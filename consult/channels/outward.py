"""HTTP to addresses that an administrator set: the resolved address is judged and called, no redirect is followed."""

import ipaddress
import socket
import ssl
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from consult.domain.errors import Unavailable, Words
from consult.domain.sendings import Undeliverable

AWAY = Words("对方系统暂时无法连接。", "The other system cannot be reached.")
LONGEST_ANSWER = 64 * 1024
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Outward:
    """What is allowed: ``listed`` are hosts that may be private, and spoken to without TLS.

    ``authorities`` is a PEM file of those whose certificates are believed instead of the machine's own.
    """

    listed: Collection[str] = ()
    timeout_s: float = 10.0
    authorities: Path | None = None

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        """Send a body; the beginning of what was answered.

        Raises Unavailable (no answer, 429, 5xx) and Undeliverable (not allowed, a redirect, any other status).
        """
        host, address, port = self._judged(url)
        parts = urlsplit(url)
        there = f"[{address}]" if address.version == 6 else str(address)
        called = parts._replace(netloc=f"{there}:{port}").geturl()
        named = host if port in (80, 443) else f"{host}:{port}"
        told = {**headers, "Host": named, "Accept-Encoding": "identity"}
        trusted = ssl.create_default_context(cafile=self.authorities)
        sni = {"sni_hostname": host}
        try:
            with (
                httpx.Client(verify=trusted, timeout=self.timeout_s, trust_env=False) as client,
                client.stream("POST", called, content=body, headers=told, extensions=sni) as answer,
            ):
                _judge(answer.status_code)
                return _beginning(answer)
        except httpx.HTTPError as error:
            raise Unavailable(AWAY) from error

    def _judged(self, url: str) -> tuple[str, Address, int]:
        """Host, the address to call, and the port. Raises Undeliverable, Unavailable."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        listed = host in self.listed
        if parts.username or not host or parts.scheme not in (("https", "http") if listed else ("https",)):
            raise Undeliverable("not-allowed")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise Unavailable(AWAY) from error
        addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
        if not listed and not all(is_public(each) for each in addresses):
            raise Undeliverable("not-allowed")
        return host, addresses[0], port


def is_public(address: Address) -> bool:
    """Whether an address is out in the world: not ours, not this machine's, not a neighbour's."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return is_public(mapped) if mapped else address.is_global and not address.is_multicast


def _beginning(answer: httpx.Response) -> bytes:
    """The answer's first bytes: nobody sends us a gigabyte for a receipt."""
    taken = bytearray()
    for piece in answer.iter_raw():
        taken += piece
        if len(taken) > LONGEST_ANSWER:
            break
    return bytes(taken[:LONGEST_ANSWER])


def _judge(status: int) -> None:
    if status == 429 or status >= 500:
        raise Unavailable(AWAY)
    if 300 <= status < 400:
        raise Undeliverable("redirect")
    if status >= 400:
        raise Undeliverable("not-signed-in" if status in (401, 403) else "refused")
