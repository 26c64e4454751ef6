# SPDX-License-Identifier: MIT
"""What a jail lets out, lets in, and lets live: nothing, what it was given, and only until it is closed."""

import asyncio
import errno
import os
import signal
import socket
import sys
import time
from pathlib import Path

import pytest

from offswitch.guard.errors import JailEndedError, JailFullError, TooLargeError
from offswitch.guard.jail import Jail
from offswitch.guard.limits import MIB, Limits
from offswitch.guard.walls import calls
from offswitch.guard.walls.line import keeper_line

pytestmark = pytest.mark.anyio


async def sh(jail, script, **options):
    return await jail.exec(["sh", "-c", script], **options)


async def many(jail, times=300):
    for _ in range(times):
        await jail.exec(["true"])


async def until(true, seconds=5.0):
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        await asyncio.sleep(0.01)
    return true()


# What can be seen and reached ------------------------------------------------------------------------------------------


# Probed with `test -w` alone: where the jail is broken, a write would reach the host.
@pytest.mark.parametrize(
    "path",
    [
        "/proc",
        "/proc/1/mem",
        "/proc/self/mem",
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/modprobe",
        "/proc/sysrq-trigger",
        "/usr/bin",
        "/etc/passwd",
        "/",
    ],
)
async def test_what_the_host_obeys_is_out_of_reach(jail, path):
    assert (await jail.exec(["test", "-w", path])).exit == 1


async def test_no_process_is_root_on_the_host(jail):
    await sh(jail, "sleep 60 >/dev/null 2>&1 &")
    for pid in [seen.pid for seen in jail.processes()] + [jail._first]:
        uids = Path(f"/proc/{pid}/status").read_text().split("Uid:")[1].split("\n")[0].split()
        assert "0" not in uids


async def test_nothing_of_the_host_is_there(jail):
    for path in (
        "/root",
        "/sys",
        "/run",
        "/opt",
        "/boot",
        "/mnt",
        "/srv",
        "/etc/shadow",
        "/etc/ssh",
        "/var/lib",
        "/var/log",
    ):
        assert (await jail.exec(["test", "-e", path])).exit == 1, path
    assert (await jail.exec(["ls", "/home"])).stdout == b"agent\n"
    assert str(Path(__file__).parents[2]).encode() not in (await jail.exec(["cat", "/proc/mounts"])).stdout


async def test_no_secret_of_the_run_comes_along(monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "sk-very-secret")
    async with await Jail.start() as jail:
        told = await sh(jail, "env; cat /proc/*/environ /proc/*/cmdline")
    assert b"very-secret" not in told.stdout
    assert b"SOME_API_KEY" not in told.stdout


async def test_the_processes_of_the_host_cannot_be_seen(jail):
    told = await sh(jail, "for p in /proc/[0-9]*; do cat $p/comm; done")
    assert set(told.stdout.split()) <= {b"cat", b"sh"}


async def test_there_is_no_network_but_its_own_loopback(jail):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert (await jail.exec(["bash", "-c", f"echo > /dev/tcp/127.0.0.1/{port}"])).exit != 0
    devices = (await jail.exec(["cat", "/proc/net/dev"])).stdout.decode().splitlines()[2:]
    assert [line.split(":")[0].strip() for line in devices] == ["lo"]
    assert (await jail.exec(["cat", "/proc/net/route"])).stdout.count(b"\n") <= 1


async def test_no_capability_is_left_and_none_can_be_had(jail):
    status = (await jail.exec(["cat", "/proc/self/status"])).stdout.decode()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {int(fields[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert fields["NoNewPrivs"] == "1"
    assert (await jail.exec(["unshare", "--user", "true"])).exit != 0
    assert (await jail.exec(["mount", "-t", "tmpfs", "none", "/tmp"])).exit != 0


async def test_a_program_holds_three_descriptors_and_no_more(jail):
    assert (await jail.exec(["ls", "/proc/self/fd"])).stdout.split() == [b"0", b"1", b"2", b"3"], (
        "3 is of ls itself"
    )
    assert (await jail.exec(["ls", "/proc/1/fd"])).stdout.split() == [b"0", b"1", b"2"]


WATCH_ENTERING = """
import os, time
end, seen = time.monotonic() + 0.8, set()
while time.monotonic() < end:
    for pid in os.listdir("/proc"):
        if pid.isdigit():
            for what in ("exe", "cwd", "root", "fd/0"):
                try:
                    seen.add(os.readlink(f"/proc/{pid}/{what}"))
                except OSError:
                    pass
print("\\n".join(sorted(seen)))
"""


async def test_who_enters_cannot_be_looked_into(jail):
    if (await jail.exec(["python3", "-c", ""])).exit:
        pytest.skip("no python3 in /usr/bin")
    watching = asyncio.create_task(jail.exec(["python3", "-c", WATCH_ENTERING]))
    while not watching.done():
        await jail.exec(["true"])
        await jail.read("/etc/passwd")
    told = (await watching).stdout.decode()
    assert "/usr/bin/cat" in told, "it did look"
    assert str(Path(sys.executable).resolve()) not in told
    assert str(Path(sys.base_prefix).resolve()) not in told or sys.base_prefix == "/usr"


async def test_a_path_of_the_host_is_shown_only_on_request_and_read_only(tmp_path):
    place = Path("/usr/share/misc")
    async with await Jail.start(show=("/var/cache",)) as jail:
        assert place.exists() is ((await jail.exec(["test", "-e", str(place)])).exit == 0)
        assert (await jail.exec(["test", "-d", "/var/cache"])).exit == 0
        assert (await jail.exec(["touch", "/var/cache/x"])).exit != 0


# Limits ----------------------------------------------------------------------------------------------------------------


async def test_a_fork_bomb_stays_within_its_number(jail):
    bomb = asyncio.create_task(jail.exec(["bash", "-c", "f() { f | f & }; f; sleep 60"]))
    assert await until(lambda: len(jail.processes()) > 40)
    assert len(jail.processes()) <= 64
    with pytest.raises(JailFullError):
        await many(jail)
    assert await jail.read("/etc/hostname") == b"jail\n", "the truth can be read all the same"
    bomb.cancel()
    assert await until(lambda: not jail.processes())
    assert (await jail.exec(["true"])).exit == 0


async def test_who_takes_too_much_memory_is_killed_and_the_jail_goes_on(jail):
    assert (await sh(jail, "tail /dev/zero", timeout=30)).exit == 137
    assert (await jail.exec(["true"])).exit == 0


async def test_a_gigabyte_does_not_fit_on_a_small_disk(jail):
    for place in ("/workspace", "/tmp", "/var/tmp", "/home/agent", "/dev/shm"):
        done = await sh(
            jail,
            f"head -c 1000000000 /dev/zero > {place}/big; stat -c %s {place}/big; rm {place}/big",
            timeout=30,
        )
        assert int(done.stdout) <= 64 * MIB, place
    for place in ("/", "/dev", "/etc"):
        assert (await sh(jail, f"echo x > {place}/big")).exit != 0


async def test_a_flood_of_output_is_cut_and_its_source_killed(jail):
    done = await jail.exec(["yes"], output_limit=100_000, timeout=30)
    assert (done.truncated, len(done.stdout), done.exit) == (True, 100_000, 137)
    assert await until(lambda: not jail.processes())


async def test_time_out_kills_what_the_command_started_and_nothing_else(jail):
    await sh(jail, "sleep 1000 >/dev/null 2>&1 &")
    done = await sh(jail, "setsid sh -c 'sleep 2000 & sleep 2000' & (sleep 2000 &) ; sleep 2000", timeout=0.3)
    assert done.timed_out
    assert done.seconds < 5
    assert await until(lambda: [seen.argv for seen in jail.processes()] == [("sleep", "1000")])


async def test_cancelling_the_wait_kills_the_command(jail):
    waiting = asyncio.create_task(jail.exec(["sleep", "1000"]))
    assert await until(jail.processes)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await until(lambda: not jail.processes(), 1.0)
    assert (await jail.exec(["true"])).exit == 0


async def test_a_jail_ends_with_its_time():
    jail = await Jail.start(Limits(seconds=0.3))
    with pytest.raises(JailEndedError):
        await jail.exec(["sleep", "60"])
    with pytest.raises(JailEndedError, match=r"0\.3 s are over"):
        await many(jail)
    assert (await jail.close()).populated == 0


async def test_a_jail_ends_with_its_time_though_its_keeper_is_frozen():
    jail = await Jail.start(Limits(seconds=1.0))
    waiting = asyncio.create_task(jail.exec(["sleep", "60"]))
    assert await until(jail.processes)
    frozen = keeper_line().process.pid
    os.kill(frozen, signal.SIGSTOP)
    try:
        assert await until(lambda: not jail.processes())
    finally:
        os.kill(frozen, signal.SIGCONT)
    with pytest.raises(JailEndedError):
        await waiting
    assert await until(keeper_line().over.values)
    with pytest.raises(JailEndedError, match="its 1 s are over"):
        await many(jail)
    assert (await jail.close()).populated == 0


async def test_many_commands_wait_side_by_side(jail):
    await sh(jail, "mkfifo gate")
    before = len(os.listdir("/proc/self/task"))  # other tests may have left some
    waiting = [asyncio.create_task(sh(jail, "read line < gate; echo done")) for _ in range(20)]
    assert await until(lambda: len(jail.processes()) == 20)
    assert len(os.listdir("/proc/self/task")) < before + 10, "no thread each"
    while not all(task.done() for task in waiting):
        await sh(jail, "printf 'go\\ngo\\ngo\\n' > gate", timeout=2)
    assert {task.result().stdout for task in waiting} == {b"done\n"}


# Commands --------------------------------------------------------------------------------------------------------------


async def test_background_processes_live_on_between_commands_and_die_with_the_jail():
    jail = await Jail.start()
    await sh(
        jail,
        "mkfifo line; nohup sh -c 'while :; do read x < line && echo $x >> heard; done' >/dev/null 2>&1 &",
    )
    await sh(jail, "echo hello > line; while [ ! -s heard ]; do sleep 0.01; done", timeout=10)
    assert await jail.read("heard") == b"hello\n"
    await sh(jail, "setsid sh -c '(trap \"\" TERM HUP; sleep 3000 >/dev/null 2>&1 &) &' >/dev/null 2>&1")
    assert await until(lambda: any(seen.argv == ("sleep", "3000") for seen in jail.processes()))
    pids = [seen.pid for seen in jail.processes()]
    end = await jail.close()
    assert (end.populated, end.survivors) == (0, ())
    assert end.seen >= 2
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


async def test_a_command_ends_when_it_ends_not_when_its_children_do(jail):
    done = await sh(jail, "echo out; sleep 1000 &")
    assert (done.stdout, done.seconds < 5) == (b"out\n", True)


async def test_the_dead_are_buried(jail):
    await sh(jail, "for i in 1 2 3; do (sleep 0.0$i &) ; done; kill -9 $$")
    assert await until(lambda: not jail.processes())


@pytest.mark.parametrize(
    ("argv", "exit", "refused"),
    [(["no-such-program"], 127, True), (["/etc/passwd"], 126, True), (["sh", "-c", "exit 7"], 7, False),
     (["sh", "-c", "kill -TERM $$"], 143, False), (["sh", "-c", "exit 126"], 126, False)],
)  # fmt: skip
async def test_how_a_command_ended(jail, argv, exit, refused):
    done = await jail.exec(argv)
    assert (done.exit, bool(done.refused)) == (exit, refused)


async def test_a_command_gets_its_input_environment_and_folder(jail):
    done = await sh(jail, "cat; echo $A; pwd", input=b"in\n", env={"A": "b c"}, cwd="/tmp")
    assert done.stdout == b"in\nb c\n/tmp\n"
    assert (await jail.exec(["pwd"], cwd="nowhere")).refused


async def test_a_program_may_open_its_output_by_name(jail):
    done = await sh(jail, "echo out > /dev/stdout; echo err > /dev/stderr; echo more | tee /dev/stderr")
    assert (done.stdout, done.stderr) == (b"out\nmore\n", b"err\nmore\n")


async def test_input_cannot_be_changed_by_who_reads_it(jail):
    done = await sh(jail, "echo more >> /proc/self/fd/0; cat", input=b"sealed")
    assert done.stdout == b"sealed"


# Files -----------------------------------------------------------------------------------------------------------------


async def test_what_is_written_can_be_read_and_belongs_to_the_agent(jail):
    await jail.write("a/b/c", b"\0\xff" * 1000)
    assert await jail.read("/workspace/a/b/c") == b"\0\xff" * 1000
    assert (await jail.exec(["stat", "-c", "%U", "a/b/c"])).stdout == b"agent\n"


@pytest.mark.parametrize(
    "name",
    ["with space", "-rf", "new\nline", "$(reboot)", "'\"", "ünï✨", "..hidden", "\udcff", "a" * 255, "*"],
)
async def test_names_are_only_names(jail, name):
    await jail.write(name, b"x")
    assert await jail.read(name) == b"x"


@pytest.mark.parametrize("name", ["", "a\0b"])
async def test_what_is_no_name_is_refused(jail, name):
    with pytest.raises(ValueError, match="not a path"):
        await jail.read(name)
    with pytest.raises(OSError, match="too long"):
        await jail.read("a" * 256)


async def test_links_never_lead_out(jail):
    secret = Path(__file__)
    await sh(
        jail,
        f"ln -s {secret} link; ln -s /proc/1/root/etc/shadow up; ln -s ../../../../../../etc/shadow over; ln -s link link2",
    )
    for name in ("link", "link2", "up", "over", "/proc/1/root/root"):
        with pytest.raises(OSError, match=r"No such|denied"):
            await jail.read(name)
    await sh(jail, "ln -s /usr/bin/true out; ln -s /proc/sys/kernel/hostname name; ln -s loop loop")
    for name in ("out", "name", "loop", "/usr/x", "/etc/x", "/dev/x"):
        with pytest.raises(OSError, match=r"Read-only|denied|levels"):
            await jail.write(name, b"x")


async def test_what_is_no_plain_file_is_not_waited_for(jail):
    await sh(jail, "mkfifo fifo")
    for name in ("fifo", "/dev/zero", "/dev/null"):
        with pytest.raises(OSError, match=r"not supported|No such device"):
            await jail.read(name)
        with pytest.raises(OSError, match=r"not supported|No such device"):
            await jail.write(name, b"x")
    with pytest.raises(IsADirectoryError):
        await jail.read(".")
    with pytest.raises(IsADirectoryError):
        await jail.write("/tmp", b"x")


async def test_who_reads_and_writes_has_the_agents_rights_and_no_more(jail):
    await sh(
        jail,
        "echo x > locked; chmod 000 locked; mkdir shut; echo x > shut/in; chmod 000 shut; chmod 000 /workspace",
    )
    for name in (
        "/workspace/locked",
        "/etc/passwd",
        "/usr/bin/new",
        "/proc/1/mem",
    ):
        with pytest.raises(OSError, match=r"denied|Read-only|Input/output"):
            await jail.write(name, b"x")
    await jail.write("/tmp/elsewhere", b"x")
    await sh(jail, "chmod 755 /workspace", cwd="/")
    for name in ("locked", "shut/in"):
        with pytest.raises(PermissionError):
            await jail.read(name)


async def test_reading_stops_at_the_limit(jail):
    await jail.write("big", b"x" * 1001)
    with pytest.raises(TooLargeError):
        await jail.read("big", limit=1000)
    assert len(await jail.read("big", limit=1001)) == 1001


async def test_a_write_that_does_not_fit_says_so(jail):
    with pytest.raises(OSError, match="No space"):
        await jail.write("big", b"x" * (33 * MIB))


# The end ---------------------------------------------------------------------------------------------------------------


async def test_nothing_runs_after_the_end_and_the_proof_stays(jail):
    first = await jail.close()
    assert await jail.close() == first
    with pytest.raises(JailEndedError):
        await jail.exec(["true"])
    with pytest.raises(JailEndedError):
        await jail.read("/etc/passwd")


async def test_a_jail_that_has_ended_leaves_no_control_group(jail):
    folders = list(jail._folders)
    assert folders
    assert all(folder.is_dir() for folder in folders)
    await jail.close()
    assert [folder for folder in folders if folder.exists()] == []


async def test_closing_ends_a_command_that_is_waited_for():
    jail = await Jail.start()
    waiting = asyncio.create_task(jail.exec(["sleep", "1000"]))
    assert await until(jail.processes)
    assert (await jail.close()).populated == 0
    with pytest.raises(JailEndedError):
        await waiting


async def test_jails_do_not_share_a_user_or_a_file():
    first, second = await asyncio.gather(Jail.start(), Jail.start())
    await first.write("/tmp/x", b"1")
    with pytest.raises(FileNotFoundError):
        await second.read("/tmp/x")
    if os.geteuid() == 0:
        assert len({os.stat(f"/proc/{jail._first}").st_uid for jail in (first, second)}) == 2
    await asyncio.gather(first.close(), second.close())


FORBIDDEN_CALLS = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
numbers = {numbers}
for name, number in numbers.items():
    ctypes.set_errno(0)
    libc.syscall(number, -1, -1, -1, -1, -1)
    print(name, ctypes.get_errno())
"""


async def test_calls_that_break_jails_are_refused(jail):
    if (await jail.exec(["python3", "-c", ""])).exit or os.uname().machine not in calls.MACHINES:
        pytest.skip("no python3 in /usr/bin, or a machine whose numbers are not known")
    which = calls.MACHINES[os.uname().machine][0]
    numbers = {name: pair[which] for name, pair in calls.FORBIDDEN.items()}
    told = await jail.exec(["python3", "-c", FORBIDDEN_CALLS.replace("{numbers}", repr(numbers))])
    answers = dict(line.split() for line in told.stdout.decode().splitlines())
    assert answers == {name: str(errno.EPERM) for name in numbers}
    for pid in ("1", "self"):
        assert b"Seccomp:\t2" in (await jail.exec(["cat", f"/proc/{pid}/status"])).stdout


def test_a_filter_says_nothing_on_a_machine_it_does_not_know():
    assert calls.program("riscv64") == b""
    assert calls.program("x86_64") != calls.program("aarch64")
