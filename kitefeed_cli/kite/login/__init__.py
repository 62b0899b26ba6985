"""The daily login: from a link to a saved access token, wherever the user's browser is.

The user opens Kite's own login page; password, PIN and second factor never pass through us. Kite then sends the
browser to the redirect URL that is registered for the app, with a `request_token` in its query (Kite Connect v3
docs, User page). That address reaches us on one of two roads, whichever is quicker: a `Callback` listening on this
computer, or a line pasted by the user (`paste`). `await_redirect` waits for the first good one; the request token in
it is then exchanged for an access token, once.

Kite has no OAuth `state`. A nonce in `redirect_params`, which Kite hands back, takes its place: without it any web
page could log this computer in as somebody else.
"""

from .browser import has_browser, open_browser
from .callback import Callback, listening_port
from .exchange import exchanged
from .link import login_url, new_state
from .paste import read_lines
from .redirect import Granted, Odd, from_paste, from_query
from .wait import Arrivals, Road, await_redirect

__all__ = [
    "Arrivals",
    "Callback",
    "Granted",
    "Odd",
    "Road",
    "await_redirect",
    "exchanged",
    "from_paste",
    "from_query",
    "has_browser",
    "listening_port",
    "login_url",
    "new_state",
    "open_browser",
    "read_lines",
]
