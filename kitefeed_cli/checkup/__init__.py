"""The pre-market check: will a feed started now be live, and if not, why not?

It gathers facts and does not judge them. The checks that depend on Kite are the *hands* of the very policy that
`run` obeys (`Examination`): the policy asks about the access token, wants the feed opened, asks why a handshake
was refused, and names the cause. So `validate` and `run` cannot disagree, and no rule stands twice. What differs is
time: `LIMITS` are shorter, and the first cause reported, or the first fresh tick, ends it.

One file a check. A check that needs no Kite (`settings`, `store`) comes first and stands by itself; its function
returns a `Finding`. Whatever fails first is the verdict, and what comes after it is "not reached".
"""

from .examination import LIMITS, Examination
from .finding import CHECKS, Finding, Grade, Sheet, Verdict
from .settings import check_settings
from .store import check_store

__all__ = [
    "CHECKS",
    "LIMITS",
    "Examination",
    "Finding",
    "Grade",
    "Sheet",
    "Verdict",
    "check_settings",
    "check_store",
]
