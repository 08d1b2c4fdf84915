"""Signed links: a site vouches for its customer, who may then read what is for customers.

The site's own server makes the link with the secret key, and it opens the help center once it is followed: the proof is
kept in a cookie that says so, and leaves the address at once. Knows keys and clocks; the doors are in `pages` and `web`.
"""

from __future__ import annotations

import hashlib
import hmac
import time

from itsdangerous import BadData, URLSafeTimedSerializer

COOKIE = "parley_customer"
HOURS = 12  # for which the cookie proves its customer
FARTHEST = 366 * 86_400  # seconds that a link may hold: one that never ends is a mistake
MAX_CUSTOMER = 300  # characters of a customer's id


def proof_of(secret_key: str, customer: str, expires: int) -> str:
    """What the site writes into the link: hex HMAC-SHA256 of `help:EXPIRES:CUSTOMER`, EXPIRES in seconds since 1970."""
    said = f"help:{expires}:{customer}".encode("utf-8", "replace")
    return hmac.new(secret_key.encode(), said, hashlib.sha256).hexdigest()


class CustomerLinks:
    """Every process with the same key reads what another one signed. The salt is the cookie's own: it holds an id that a site
    may have let its customer choose, and must open nothing else."""

    def __init__(self, secret_key: str) -> None:
        self._secret_key = secret_key
        self._cookies = URLSafeTimedSerializer(secret_key, salt="parley.customer_link")

    def cookie(self, customer: str, expires: str, proof: str) -> str | None:
        """The cookie that a link opens; None for one that nobody vouched for, or no longer."""
        if not customer or len(customer) > MAX_CUSTOMER or not expires.isdecimal() or len(expires) > 11:
            return None
        until, moment = int(expires), time.time()
        if not moment < until < moment + FARTHEST:
            return None
        wanted = proof_of(self._secret_key, customer, until)
        if not hmac.compare_digest(wanted.encode(), proof.strip().lower().encode("utf-8", "replace")):
            return None
        return self._cookies.dumps(customer)

    def proves(self, cookie: str | None) -> bool:
        """Whether the bearer of the cookie is a customer whom the site vouched for, within HOURS."""
        if not cookie or len(cookie) > 4000:
            return False
        try:
            return isinstance(self._cookies.loads(cookie, max_age=HOURS * 3600), str)
        except BadData:
            return False
