"""The saved access token: read it, save it, notice a new one.

It lives in the token store, which is one line of a `.env` file, or in the keyring of the operating system. Another
tool may bring it too: the environment, standard input, a file, a command (`Outside`). What is named outside leads when
a command starts; from then on whoever brings news leads. A login can so always heal a running command, even one started
with yesterday's token in its environment, and even when Kite hands out the same token again.
"""

from .command import TokenCommand
from .outside import Given, Outside, TokenFile
from .shape import Session, is_access_token, oddity
from .store import TokenStore
from .watch import LOOK_EVERY_S, TokenWatch, Watch

__all__ = [
    "LOOK_EVERY_S",
    "Given",
    "Outside",
    "Session",
    "TokenCommand",
    "TokenFile",
    "TokenStore",
    "TokenWatch",
    "Watch",
    "is_access_token",
    "oddity",
]
