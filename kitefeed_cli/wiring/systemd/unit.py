"""The systemd unit of a run, as text. Facts: systemd.service(5), systemd.exec(5), systemd.resource-control(5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

NAME = "kitefeed.service"
MARK = "# Written by `kitefeed service install`; changes belong into `systemctl edit kitefeed`."

# What needs no privilege. Python maps no memory that is both writable and executable, and takes its one processor
# with a call that @resources holds.
_ALWAYS = (
    "UMask=0077",
    "KeyringMode=private",
    "LockPersonality=yes",
    "MemoryDenyWriteExecute=yes",
    "NoNewPrivileges=yes",
    "PrivateMounts=yes",
    "PrivateTmp=yes",
    "ProtectControlGroups=yes",
    "ProtectHome=read-only",
    "ProtectHostname=yes",
    "ProtectProc=invisible",
    "ProtectSystem=strict",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
    "RestrictNamespaces=yes",
    "RestrictRealtime=yes",
    "RestrictSUIDSGID=yes",
    "SystemCallArchitectures=native",
    "SystemCallErrorNumber=EPERM",
    "SystemCallFilter=@system-service",
    "SystemCallFilter=~@privileged @resources",
    "SystemCallFilter=sched_setaffinity setrlimit prlimit64",
)
# What a user's manager can do in a namespace of its own alone, which not every computer lets it have.
_IN_NAMESPACE = (
    "AmbientCapabilities=",
    "CapabilityBoundingSet=",
    "PrivateDevices=yes",
    "PrivateUsers=yes",
    "ProtectClock=yes",
    "ProtectKernelModules=yes",
)
_OF_THE_SYSTEM = ("ProtectKernelLogs=yes", "ProtectKernelTunables=yes", "RemoveIPC=yes")


@dataclass(frozen=True, slots=True)
class Unit:
    """`words` start the run. `user`: whose process it is; empty for a unit of the user's own manager, where
    `namespaces` says whether that may make some. `writable`: folders that the run writes to."""

    words: Sequence[str]
    folder: Path
    writable: Sequence[Path]
    user: str = ""
    namespaces: bool = True

    def text(self) -> str:
        """The whole file."""
        return "\n".join((MARK, "", *self._unit(), "", *self._run(), "", *self._hardening(), "", *self._install(), ""))

    def _unit(self) -> Iterator[str]:
        yield "[Unit]"
        yield "Description=kitefeed: the Kite Connect feed that stays up"
        if self.user:  # a user's manager does not know of the network
            yield "Wants=network-online.target"
            yield "After=network-online.target"
        yield "StartLimitIntervalSec=600"
        yield "StartLimitBurst=5"

    def _run(self) -> Iterator[str]:
        yield "[Service]"
        yield "Type=notify"
        yield f"ExecStart={' '.join(map(quoted, self.words))}"
        yield f"WorkingDirectory={_plain(self.folder)}"
        if self.user:
            yield f"User={self.user}"
        yield "# Wrong settings, a login or a plan that is needed: no restart cures these."
        yield "Restart=on-failure"
        yield "RestartPreventExitStatus=2 3 5"
        yield "# Kite counts handshakes; the run itself never ends because of Kite."
        yield "RestartSec=15"
        yield "# Fed by the deciding loop, every second while it turns."
        yield "WatchdogSec=30"
        yield "TimeoutStartSec=120"
        yield "TimeoutStopSec=10"
        yield "# Prices go to those who ask for them; the journal gets the talk."
        yield "StandardOutput=null"
        yield "StandardError=journal"
        yield "SyslogIdentifier=kitefeed"
        yield "# Where `kitefeed status` asks."
        yield "RuntimeDirectory=kitefeed"
        yield "RuntimeDirectoryMode=0700"
        yield "RuntimeDirectoryPreserve=yes"

    def _hardening(self) -> Iterator[str]:
        yield "# It reads, listens where it is told to, and writes to these folders."
        for folder in self.writable:
            yield f"ReadWritePaths={_listed(folder)}"
        yield from _ALWAYS
        if self.user or self.namespaces:
            yield from _IN_NAMESPACE
        if self.user:
            yield from _OF_THE_SYSTEM

    def _install(self) -> Iterator[str]:
        yield "[Install]"
        yield f"WantedBy={'multi-user' if self.user else 'default'}.target"


def quoted(word: str) -> str:
    """One word of a command line, safe from specifiers and variables."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return escaped if escaped and not set(escaped) & set(" \t'\";") else f'"{escaped}"'


def _plain(path: Path) -> str:
    """Where one path is the whole value: systemd reads neither quotes nor escapes there."""
    return str(path).replace("%", "%%")


def _listed(path: Path) -> str:
    """One of a list of paths, which need not exist."""
    escaped = _plain(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"-{escaped}"' if set(escaped) & set(" \t'\"\\") else f"-{escaped}"
