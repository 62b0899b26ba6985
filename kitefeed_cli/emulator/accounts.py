"""One user, one app, one access token at a time: what a login gives and what ends it.

Kite Connect v3 docs, "User" page. Nothing here is ever printed: the class has no telling repr.
"""

from __future__ import annotations

import hashlib
import secrets
import string

from kitefeed_cli.emulator.answers import KiteError
from kitefeed_cli.emulator.hours import KiteTime

API_KEY = "localkiteapikey1"
API_SECRET = "localkiteapisecret00000000000001"
OTHER_API_KEY = "anotherappskey01"
REQUEST_TOKEN_LIFE_S = 180.0
_ALPHABET = string.ascii_letters + string.digits


def mint() -> str:
    """32 alphanumerics, the shape of Kite's access and request tokens."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(32))


class Accounts:
    """The app's credentials and the tokens it has been given."""

    def __init__(self, time: KiteTime, api_key: str | None, api_secret: str | None, access_token: str | None) -> None:
        self._time = time
        self.api_key = api_key or API_KEY
        self.api_secret = api_secret or API_SECRET
        self.access_token = access_token or mint()
        self.public_token = mint()  # comes with the access token, and opens nothing
        self.other_app_token = mint()  # an access token of the same user for another API key
        self.alive = True
        self._request_tokens: dict[str, float] = {}  # request token → when it dies

    def accepts(self, api_key: str, access_token: str) -> bool:
        """Whether REST and a handshake would accept this pair now."""
        if api_key == OTHER_API_KEY:
            return access_token == self.other_app_token
        return self.alive and api_key == self.api_key and access_token == self.access_token

    def expire(self) -> str:
        """The access token is dead from now on; says which."""
        self.alive = False
        return self.access_token

    def revive(self) -> str:
        """The present access token is accepted again; says which."""
        self.alive = True
        return self.access_token

    def renew(self) -> str:
        """A login: a fresh access token; the old one is dead."""
        self.access_token = mint()
        self.public_token = mint()
        self.alive = True
        return self.access_token

    def grant_request_token(self) -> str:
        """A request token, good for one exchange within REQUEST_TOKEN_LIFE_S."""
        now_s = self._time.t_s()
        self._request_tokens = {key: dies for key, dies in self._request_tokens.items() if dies > now_s}
        granted = mint()
        self._request_tokens[granted] = now_s + REQUEST_TOKEN_LIFE_S
        return granted

    def redeem(self, api_key: str, request_token: str, checksum: str) -> None:
        """Use a request token up. Raises KiteError with Kite's own texts."""
        if api_key != self.api_key:
            raise KiteError(403, "TokenException", "Invalid `api_key`.")
        expected = hashlib.sha256(f"{api_key}{request_token}{self.api_secret}".encode()).hexdigest()
        if checksum != expected:
            raise KiteError(403, "TokenException", "Invalid `checksum`.")
        if self._request_tokens.pop(request_token, 0.0) <= self._time.t_s():
            raise KiteError(403, "TokenException", "Token is invalid or has expired.")
