"""Asks other sites whether what a link names is there: few at a time, for a short time, and never anything on this machine or
on a private network.

The name is resolved here and the connection goes to the very address that was checked; each redirect is checked anew. The
answer's body is not read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from urllib.parse import urljoin

import httpx

from escalation.notify.base import Undelivered
from escalation.notify.posting import Address, certificates, fault_of, refusal, resolved

SECONDS = 8.0  # for one link, its redirects included
ALL_SECONDS = 40.0
AT_ONCE = 6
MOST_REDIRECTS = 4
THERE = {401, 403, 405, 429}  # not for us, or not now; but there
NO_HEAD = {400, 403, 404, 405, 501}  # after these a GET is tried: some servers know no HEAD

Refusal = Callable[[Address], str | None]


def not_outside(address: Address) -> str | None:
    """Why a machine is not asked; None for one that anybody on the internet can reach."""
    refused = refusal(address, local=False)
    if refused is None and not address.is_global:
        refused = "it is on a private network"
    return refused and refused.split(" (")[0]


def reached(urls: list[str], refused: Refusal = not_outside) -> dict[str, str]:
    """For each address what is wrong with it, in a line; empty where it answers."""
    return asyncio.run(_all(urls, refused))


async def _all(urls: list[str], refused: Refusal) -> dict[str, str]:
    told = dict.fromkeys(urls, "not asked: the time was over")
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(url: str) -> None:
        async with gate:
            try:
                told[url] = await asyncio.wait_for(_ask(url, refused), SECONDS)
            except TimeoutError:
                told[url] = f"no answer within {SECONDS:.0f} s"
            except Undelivered as error:
                told[url] = str(error)
            except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
                told[url] = str(error)[:200] or type(error).__name__

    tasks = [asyncio.create_task(one(url)) for url in told]
    if tasks:
        _, late = await asyncio.wait(tasks, timeout=ALL_SECONDS)
        for task in late:
            task.cancel()
    return told


async def _ask(url: str, refused: Refusal) -> str:
    async with httpx.AsyncClient(trust_env=False, verify=certificates(), timeout=SECONDS) as client:
        for _ in range(MOST_REDIRECTS + 1):
            status, where = await _once(client, "HEAD", url, refused)
            if status in NO_HEAD:
                status, where = await _once(client, "GET", url, refused)
            if 300 <= status < 400 and where:
                url = urljoin(url, where)
                continue
            return "" if status < 400 or status in THERE else f"it answers {status}"
    return "it leads from one address to the next without an end"


async def _once(client: httpx.AsyncClient, method: str, url: str, refused: Refusal) -> tuple[int, str | None]:
    fault = fault_of(url, local=True)  # what it is allowed to reach is judged below, by address
    if fault:
        raise Undelivered(f"not asked: {fault}", permanent=True)
    target = httpx.URL(url)
    addresses = await resolved(target.host, target.port or (443 if target.scheme == "https" else 80))
    for address in addresses:
        why = refused(address)
        if why:
            raise Undelivered(f"not asked: {why}", permanent=True)
    headers = {"Host": target.netloc.decode("ascii"), "User-Agent": "Parley (looking for broken links)"}
    request = client.build_request(
        method,
        target.copy_with(host=str(addresses[0])),
        headers=headers,
        extensions={"sni_hostname": target.raw_host.decode("ascii")},
    )
    response = await client.send(request, stream=True, follow_redirects=False)
    await response.aclose()
    return response.status_code, response.headers.get("location")
