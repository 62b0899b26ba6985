"""Incidents are written beside the feed: never over a file, never elsewhere, never in its way."""

from __future__ import annotations

import errno
import os
import shlex
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kitefeed_cli.problems import Exit, Problem
from kitefeed_cli.scenario.flight import folder as folder_module
from kitefeed_cli.scenario.flight.folder import IncidentFolder
from kitefeed_cli.scenario.flight.incident import Incident

from ..stories import at, told
from .flights import flown, replayed

NAME = "incident-20260302-100500-token-expired"


@pytest.fixture(scope="module")
def incident(tmp_path_factory: pytest.TempPathFactory) -> Incident:
    (one,) = flown(
        told(tmp_path_factory.mktemp("story"), at("10:05:00", 'kite = { token = "expired", feed = "dropped" }'))
    )
    return one


class Desk:
    """A folder and what it told."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[str] = []
        self.folder = IncidentFolder(path, self.told.append)

    def write(self, *incidents: Incident) -> list[str]:
        """The names in the folder after these were written, one after the other."""
        for incident in incidents:
            self.folder.write(incident)
            assert self.folder._writer is not None
            self.folder._writer.join(5.0)
        return sorted(os.listdir(self.path))


@pytest.fixture(params=["a folder that is held", "a path, as on Windows"])
def desk(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    if "Windows" in request.param:
        monkeypatch.setattr(os, "supports_dir_fd", set())
    made = Desk(tmp_path / "incidents")
    yield made
    made.folder.close()


def test_an_incident_is_two_files_for_their_owner_alone_and_plays_again(desk: Desk, incident: Incident) -> None:
    assert [f"{NAME}.toml", f"{NAME}.transcript"] == desk.write(incident)

    modes = {stat.S_IMODE((desk.path / name).stat().st_mode) for name in os.listdir(desk.path)}
    assert {0o600} == modes
    assert 0o700 == stat.S_IMODE(desk.path.stat().st_mode)
    assert replayed(desk.path / f"{NAME}.toml").kept
    assert [f"the outage is recorded: `kitefeed simulate {desk.path / NAME}.toml` plays it again"] == desk.told


def test_the_way_to_play_it_again_can_be_pasted_into_a_shell(tmp_path: Path, incident: Incident) -> None:
    desk = Desk(tmp_path / "my incidents")
    desk.write(incident)
    desk.folder.close()

    command = desk.told[0].split("`")[1]
    assert ["kitefeed", "simulate", str(desk.path / f"{NAME}.toml")] == shlex.split(command)


def test_where_there_is_a_scenario_the_files_beside_it_are_whole(
    desk: Desk, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process may be killed between any two of them."""
    written: list[str] = []
    real = IncidentFolder._create

    def create(folder: IncidentFolder, name: str, text: str) -> None:
        written.append(name)
        real(folder, name, text)

    monkeypatch.setattr(IncidentFolder, "_create", create)
    desk.folder.write(incident, "{}\n")
    desk.folder.close()

    assert [f"{NAME}.transcript", f"{NAME}.yaml", f"{NAME}.toml"] == written


def test_nothing_is_ever_overwritten(desk: Desk, incident: Incident) -> None:
    (desk.path / f"{NAME}.toml").write_text("mine", "utf-8")
    (desk.path / f"{NAME}-2.transcript").write_text("mine too", "utf-8")
    names = desk.write(incident, incident)

    assert "mine" == (desk.path / f"{NAME}.toml").read_text("utf-8")
    assert "mine too" == (desk.path / f"{NAME}-2.transcript").read_text("utf-8")
    assert {f"{NAME}-3.toml", f"{NAME}-4.toml"} <= set(names)
    assert f"{NAME}.transcript" not in names, "half an incident is taken away again"


def test_a_link_in_the_folder_is_not_followed(desk: Desk, incident: Incident, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    for suffix in ("toml", "transcript"):
        (desk.path / f"{NAME}.{suffix}").symlink_to(outside)
    desk.write(incident)

    assert not outside.exists()
    assert replayed(desk.path / f"{NAME}-2.toml").kept


def test_a_folder_that_is_swapped_for_a_link_is_still_the_one_it_was(tmp_path: Path, incident: Incident) -> None:
    desk = Desk(tmp_path / "incidents")
    desk.path.rename(tmp_path / "moved")
    (tmp_path / "elsewhere").mkdir()
    desk.path.symlink_to(tmp_path / "elsewhere")
    desk.write(incident)

    assert [] == os.listdir(tmp_path / "elsewhere")
    assert 2 == len(os.listdir(tmp_path / "moved"))
    desk.folder.close()


@pytest.mark.parametrize("held", [True, False])
@pytest.mark.parametrize("kind", ["file", "link", "dangling", "no parent", "odd"])
def test_what_is_no_folder_of_ours_is_wrong_usage(
    tmp_path: Path, kind: str, held: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not held:
        monkeypatch.setattr(os, "supports_dir_fd", set())
    path = tmp_path / "x"
    if kind == "file":
        path.write_text("", "utf-8")
    elif kind in ("link", "dangling"):
        path.symlink_to(tmp_path / ("." if kind == "link" else "nowhere"))
    elif kind == "no parent":
        path = path / "y" / "z"
    else:
        path = Path("a\0b")
    with pytest.raises(Problem) as caught:
        IncidentFolder(path, print)

    assert Exit.USAGE is caught.value.exit_code
    assert ("symbolic link" in caught.value.why) == (kind in ("link", "dangling"))


def test_a_full_disk_is_one_status_line_and_leaves_no_half_file(
    desk: Desk, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_self: object, _text: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    real = os.fdopen

    def opened(descriptor: int, *args: Any, **kwargs: Any) -> object:
        file = real(descriptor, *args, **kwargs)
        file.write = full.__get__(file)
        return file

    monkeypatch.setattr(os, "fdopen", opened)
    names = desk.write(incident)

    assert [] == names
    assert ["no space left on device"] == [line.partition("(")[2].partition(")")[0] for line in desk.told]
    assert desk.told[0].endswith("the feed carries on")


def test_a_folder_that_went_away_is_a_status_line(desk: Desk, incident: Incident) -> None:
    desk.path.rmdir()
    desk.folder.write(incident)
    desk.folder.close()

    assert 1 == len(desk.told)
    assert "no such file" in desk.told[0]


def test_a_folder_in_which_every_name_is_taken_is_a_status_line(desk: Desk, incident: Incident) -> None:
    for number in ("", *(f"-{number}" for number in range(2, 10))):
        (desk.path / f"{NAME}{number}.transcript").write_text("mine", "utf-8")
    names = desk.write(incident)

    assert [] == [name for name in names if name.endswith(".toml")]
    assert "its name is taken" in desk.told[0]


def test_a_folder_may_be_closed_twice(desk: Desk) -> None:
    desk.folder.close()
    desk.folder.close()


def test_a_cassette_lies_beside_its_incident(desk: Desk, incident: Incident) -> None:
    desk.folder.write(incident, "{}\n")
    desk.folder.close()

    assert "{}\n" == (desk.path / f"{NAME}.yaml").read_text("utf-8")
    assert 3 == len(os.listdir(desk.path))


def test_a_folder_holds_so_many_and_no_more(desk: Desk, incident: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_module, "MOST", 2)
    names = desk.write(incident, incident, incident)

    assert 2 == sum(name.endswith(".toml") for name in names)
    assert "holds 2 incidents; remove some" in desk.told[-1]


def test_a_disk_that_takes_its_time_delays_nobody(
    desk: Desk, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer hangs, and the next incident is given up with a word."""
    gate = threading.Event()
    listdir = os.listdir
    monkeypatch.setattr(os, "listdir", lambda place: gate.wait(10.0) and listdir(place))
    desk.folder.write(incident)
    desk.folder.write(incident)

    assert "has not taken the one before it yet" in desk.told[0]
    desk.folder.close()  # and the end of the run does not wait for it
    assert "recorded:" not in "".join(desk.told)[80:]
    gate.set()
