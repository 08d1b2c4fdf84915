"""One POST to an address that an admin has set: checked, limited in time, and never led elsewhere.

The name is resolved here and the connection goes to the very address that was checked, so that a name cannot point
elsewhere a moment later. Private networks are allowed, because many receivers stand there; this machine's own loopback is only where
PARLEY_LOCAL_WEBHOOKS says so; link-local addresses, among them the metadata servers of cloud providers, never are.
Goes straight, through no proxy. Knows HTTP and addresses; not what is posted.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from functools import cache
from urllib.parse import urlsplit

import httpx

from escalation.notify.base import Undelivered

SECONDS = 10.0
TRY_AGAIN = {408, 425, 429}  # of the answers 4xx, those that may pass
METADATA = {"100.100.100.200", "fd00:ec2::254"}  # metadata servers that are not link-local
NAT64 = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def fault_of(url: str, *, local: bool) -> str | None:
    """Why an address cannot be used, as far as can be seen without a network; None where it can."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018, raises for what is no number
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        return "that is no address of the web: use one such as https://example.org/hook."
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "use an address that begins with https:// (or http://)."
    if parts.username or parts.password:
        return "leave user and password out of the address: the signature proves who sends."
    try:
        refused = refusal(ipaddress.ip_address(parts.hostname), local=local)
    except ValueError:
        return None  # a name: it is looked up when something is sent
    return f"{refused}: use another address." if refused else None


def refusal(address: Address, *, local: bool) -> str | None:
    """Why nothing is sent to this address; None where it may be."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return refusal(inner, local=local)
    if address.is_loopback:
        return None if local else "it is this machine itself (PARLEY_LOCAL_WEBHOOKS=true allows that)"
    if address.is_link_local or str(address) in METADATA:
        return "it is a link-local or metadata address"
    if address.is_unspecified or address.is_multicast or address.is_reserved:
        return "it is no address of a single machine"
    return None


def post(url: str, body: bytes, headers: dict[str, str], *, local: bool) -> None:
    """Returns when the receiver has answered 2xx; else raises Undelivered. The body of the answer is not read."""
    fault = fault_of(url, local=local)
    if fault:
        raise Undelivered(fault, permanent=True)
    try:
        asyncio.run(asyncio.wait_for(_post(url, body, headers, local), SECONDS))
    except TimeoutError:
        raise Undelivered(f"no answer within {SECONDS:.0f} s") from None
    except (httpx.HTTPError, OSError) as error:
        raise Undelivered(str(error) or type(error).__name__) from error


async def _post(url: str, body: bytes, headers: dict[str, str], local: bool) -> None:
    target = httpx.URL(url)
    addresses = await resolved(target.host, target.port or (443 if target.scheme == "https" else 80))
    for address in addresses:
        refused = refusal(address, local=local)
        if refused:
            raise Undelivered(f"{target.host} may not be used: {refused}", permanent=True)
    headers = headers | {"Host": target.netloc.decode("ascii"), "User-Agent": "Parley"}
    async with httpx.AsyncClient(trust_env=False, verify=certificates(), timeout=SECONDS) as client:
        for n, address in enumerate(addresses):
            request = client.build_request(
                "POST",
                target.copy_with(host=str(address)),
                content=body,
                headers=headers,
                extensions={"sni_hostname": target.raw_host.decode("ascii")},
            )
            try:
                response = await client.send(request, stream=True, follow_redirects=False)
            except httpx.ConnectError:
                if n == len(addresses) - 1:
                    raise
                continue
            await response.aclose()
            _judge(response)
            return


async def resolved(host: str, port: int) -> list[Address]:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    except (socket.gaierror, UnicodeError) as error:
        raise Undelivered(f"the name {host} cannot be found ({error})") from error
    return list(dict.fromkeys(ipaddress.ip_address(place[0]) for *_, place in found))


def _judge(response: httpx.Response) -> None:
    status = response.status_code
    if response.is_success:
        return
    if 300 <= status < 400:
        where = response.headers.get("location", "elsewhere")[:200]
        raise Undelivered(
            f"it answered {status} and points to {where}: redirects are not followed", permanent=True
        )
    wait = response.headers.get("retry-after", "")
    raise Undelivered(
        f"it answered {status} {response.reason_phrase}",
        permanent=400 <= status < 500 and status not in TRY_AGAIN,
        wait_s=float(wait) if wait.isdecimal() and len(wait) < 7 else None,
    )


@cache
def certificates() -> ssl.SSLContext:
    """Reading them takes longer than a request: once."""
    return httpx.create_ssl_context()
