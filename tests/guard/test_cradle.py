# SPDX-License-Identifier: MIT
"""What waits before it is needed lets nothing loose, whatever becomes of who was to need it."""

import contextlib
import json
import os
import select
import signal
import socket
import time
from pathlib import Path

import pytest

from offswitch.guard import kernel
from offswitch.guard.tiers import at_least, survey
from offswitch.guard.walls import cradle, view
from offswitch.guard.walls.bounds import Bounds

pytestmark = pytest.mark.skipif(not at_least(survey().tier, "hybrid"), reason="needs root and control groups")
LIMITS = {"memory": 2**28, "processes": 64, "disk": 2**24, "output": 2**20, "seconds": 60.0, "cpus": None}
NOBODYS = 0x7000_4321


@pytest.fixture
def waiting():
    """Return a bubblewrap that waits, the pipe it reads from, and the memory files."""
    files = view.etc_files()
    args, pipe = os.pipe2(os.O_CLOEXEC)
    born = cradle.Cradle(view.find_bubblewrap(), NOBODYS, files, args)
    yield born, pipe, files
    for close in (born.lifeline, *(file for _, file in files)):
        os.close(close)
    os.kill(born.pid, signal.SIGKILL)
    os.waitpid(born.pid, 0)
    for pid in filter(
        str.isdigit, os.listdir("/proc")
    ):  # its child, where it had not asked yet to die with it
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            if user_of(pid) == NOBODYS:
                os.kill(int(pid), signal.SIGKILL)


def told(**settings):
    return view.View(**settings), Bounds(**LIMITS)


def test_it_waits_as_nobody_in_particular_and_becomes_a_jail_when_told(waiting):
    born, pipe, files = waiting
    end = time.monotonic() + 10
    while Path(f"/proc/{born.pid}/comm").read_text() != "bwrap\n":
        assert time.monotonic() < end
    assert os.stat(f"/proc/{born.pid}").st_uid == NOBODYS
    cradle.give(pipe, cradle.order(*told(), files))
    first = stands(born)
    assert os.readlink(f"/proc/{first}/ns/pid") != os.readlink("/proc/self/ns/pid")
    assert Path(f"/proc/{first}/comm").read_text() == "cat\n"


def test_a_pipe_that_ends_early_makes_no_jail_and_runs_nothing(waiting):
    born, pipe, _ = waiting
    os.close(pipe)
    with pytest.raises(OSError, match=r"bwrap|bubblewrap"):
        stands(born)


def test_an_order_cut_in_two_shows_less_and_has_every_wall(waiting):
    born, pipe, files = waiting
    order = cradle.order(*told(), files)
    cradle.give(pipe, order[: order.index(b"--proc")])
    first = stands(born)
    for kind in ("user", "pid", "mnt", "net", "ipc", "uts", "cgroup"):
        assert os.readlink(f"/proc/{first}/ns/{kind}") != os.readlink(f"/proc/self/ns/{kind}"), kind
    status = dict(line.split(":", 1) for line in Path(f"/proc/{first}/status").read_text().splitlines())
    assert (status["Seccomp"].strip(), status["CapEff"].strip()) == ("2", "0" * 16)
    assert not os.path.exists(f"/proc/{first}/root/etc")


def test_the_longest_order_fits_and_is_not_waited_for(waiting):
    born, pipe, files = waiting
    shown = tuple(f"/none{number}" for number in range(1_600))
    cradle.give(pipe, cradle.order(*told(show=shown), files))
    with pytest.raises(OSError, match="/none0"):
        stands(born)


def test_who_does_not_read_is_not_waited_for():
    args, pipe = os.pipe2(os.O_CLOEXEC)
    with pytest.raises(OSError, match="so much"):
        cradle.give(pipe, b"x" * (2 * cradle.ROOM))
    os.close(args)


def stands(born):
    first = born.first()
    born.heard()
    while not born.listen():
        born.heard()
    return first


class Keeper:
    """A keeper of ours, asked without an event loop."""

    def __init__(self, uid=None):
        from offswitch.guard.walls import keeper

        self.line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        run = os.getpid()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.line.detach())
            keeper.serve(theirs, run, uid=uid)
            os._exit(0)
        theirs.close()
        self.lines = []  # a jail ends when nobody holds its line
        self.hear("keeper")

    def ask(self, **message):
        self.line.send(json.dumps(message).encode())

    def start(self, number, uid=None):
        self.ask(
            do="start", jail=number, limits=LIMITS, workdir="/workspace", show=[], workspace=None, uid=uid
        )
        return {**self.hear("begun", "error"), **self.hear("open", "error")}

    def hear(self, *wanted, seconds=20.0):
        while select.select([self.line], [], [], seconds)[0]:
            data, descriptors, _, _ = socket.recv_fds(self.line, 65536, 1)
            self.lines += descriptors
            message = json.loads(data)
            if any(key in message for key in wanted):
                return message
        raise TimeoutError(wanted)

    def close(self):
        self.line.close()
        for line in self.lines:
            os.close(line)
        os.waitpid(self.pid, 0)


@pytest.fixture
def keeper():
    ours = Keeper()
    yield ours
    ours.close()


def user_of(pid):
    return os.stat(f"/proc/{pid}").st_uid


def test_a_user_that_is_named_gets_a_bubblewrap_of_his_own(keeper):
    time.sleep(0.1)  # a spare is there, of another user
    named = keeper.start(1, uid=NOBODYS)
    other = keeper.start(2)
    assert named["uid"] == NOBODYS
    assert [user_of(pid) for pid in named["own"][1:]] == [NOBODYS] * 2
    assert [user_of(pid) for pid in other["own"][1:]] == [other["uid"]] * 2
    assert other["uid"] not in (0, NOBODYS)


def test_the_death_of_a_spare_is_told_as_no_jails_end(keeper):
    time.sleep(0.1)
    keepers = Path(f"/proc/{keeper.pid}/task/{keeper.pid}/children").read_text().split()
    assert len(keepers) == 1
    os.kill(int(keepers[0]), signal.SIGKILL)
    with pytest.raises(TimeoutError):
        keeper.hear("closed", seconds=0.3)
    assert keeper.start(1)["open"]


def test_the_first_hand_is_in_the_jails_groups_and_namespace_and_cannot_be_looked_into(keeper):
    started = keeper.start(1)
    hand = started["hand"]
    folder = Path(started["folders"][0])
    assert str(hand) in Path(folder, "x0", "cgroup.procs").read_text().split()
    assert os.readlink(f"/proc/{hand}/ns/pid_for_children") == os.readlink(
        f"/proc/{started['own'][-1]}/ns/pid"
    )
    assert user_of(hand) == 0


def test_a_hand_that_died_is_replaced(keeper):
    started = keeper.start(1)
    os.kill(started["hand"], signal.SIGKILL)
    environment = view.environment("/workspace")
    order = kernel.sealed(
        "order", json.dumps({"do": "exec", "argv": ["id", "-u"], "env": environment, "cwd": "/"}).encode()
    )
    end = time.monotonic() + 10
    while Path(f"/proc/{started['hand']}").exists():
        assert time.monotonic() < end
    read, write = os.pipe()
    status, told_end = os.pipe()
    nothing = os.open("/dev/null", os.O_RDWR)
    with socket.socket(fileno=os.dup(keeper.lines[0])) as warden:
        socket.send_fds(warden, [b'{"do": "enter", "id": 2}'], [order, nothing, write, nothing, told_end])
        for descriptor in (order, write, nothing, told_end):
            os.close(descriptor)
        assert (os.read(read, 100), os.read(status, 100)) == (b"1000\n", b"")
        assert json.loads(warden.recv(65536)) == {"id": 2, "status": 0}
    for descriptor in (read, status):
        os.close(descriptor)


def test_a_start_that_is_ended_at_any_moment_is_proved_when_its_last_process_has_gone():
    early = []
    for moment in range(80):
        keeper = Keeper(uid=NOBODYS)
        time.sleep(0.02)
        keeper.ask(
            do="start", jail=1, limits=LIMITS, workdir="/workspace", show=[], workspace=None, uid=NOBODYS
        )
        time.sleep(moment % 40 * 0.00025)
        keeper.ask(do="close", jail=1)
        assert keeper.hear("closed")["closed"]["populated"] == 0
        keeper.close()
        early += [(moment, name) for name in those_of(NOBODYS)]
    assert early == []


def those_of(uid):
    """Return the names of a user's living processes; one that is still dying lives."""
    names = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            if user_of(pid) == uid and state not in "ZX":
                names.append(Path(f"/proc/{pid}/comm").read_text().strip())
    return names
