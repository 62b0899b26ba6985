"""The pre-market check: will a feed started now be live, and if not, why not?

It gathers facts and does not judge them. The checks that depend on Kite are the *hands* of the very policy that
`run` obeys (`Examination`): the policy asks about the access token, wants the feed opened, asks why a handshake
was refused, and names the cause. So `validate` and `run` cannot disagree, and no rule stands twice. What differs is
time: `LIMITS` are shorter, and the first cause reported, or the first fresh tick, ends it. `diagnose` refines the
words of a cause, never the verdict.

One file a check. Those that need no Kite (`settings`, `store`, `disk`, `hours`) come first and stand by themselves;
then the ways to Kite's two hosts (`way`), from the bottom up. Whatever fails first is the verdict, and what would
stand on it is "not reached".
"""

from .diagnosis import Diagnosis, Evidence, diagnose
from .disk import check_disk
from .examination import NOT_REACHED, Case, Examination
from .finding import CHECKS, INSTRUMENTS, OF_KITE, OF_TOKEN, STORE, Finding, Grade, Sheet, Verdict
from .hours import check_hours
from .instruments import NameCheck
from .kept import Kept, kept
from .patience import LIMITS, TOTAL_S
from .settings import check_settings
from .store import check_store
from .way import Ways, find_ways

__all__ = [
    "CHECKS",
    "INSTRUMENTS",
    "LIMITS",
    "NOT_REACHED",
    "OF_KITE",
    "OF_TOKEN",
    "STORE",
    "TOTAL_S",
    "Case",
    "Diagnosis",
    "Evidence",
    "Examination",
    "Finding",
    "Grade",
    "Kept",
    "NameCheck",
    "Sheet",
    "Verdict",
    "Ways",
    "check_disk",
    "check_hours",
    "check_settings",
    "check_store",
    "diagnose",
    "find_ways",
    "kept",
]
