# SPDX-License-Identifier: MIT
"""Does one order stop a fleet, whatever happens to its engine and its network? Counted, with who was not proved dead.

Command: python bench/fleet_drill.py [--hosts 6] [--agents 9] [--rounds 4] [--out docs/results/fleet_drill.json]        (as root)

Each host is a network namespace with folders of its own, a member (`offswitch fleet join --renew`) and agents in jails, half of
them deaf to every signal that can be ignored, with children. A nats-server and the operator sit in a namespace between them. In
every round all agents are started and renewed until each has lived through a lease; then something breaks at a random moment,
and the operator orders the stop of all and waits for `--wait` seconds; then it is mended and he orders and waits again.

    whole       nothing breaks
    cut         the links of some hosts go down, or swallow every packet; they come back after a random time
    killed      nats-server is killed (SIGKILL) and started again after a random time
    frozen      nats-server is stopped (SIGSTOP) for longer than patience, lease and grace together
    leaderless  the members of some hosts are killed (SIGKILL) and started again
    paused      the members of some hosts are stopped (SIGSTOP) and go on later

What is true is looked at beside all this, by one process a host that reads the kernel's own counts 20 times a second and asks
each supervisor for its lease once a second. Counted as a fault: a proof of a death before it happened; an agent that lives and
is on no list when the operator is told; one that lives longer than its lease and grace; one that is not dead and proved in the end.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from offswitch.guard.fleet.engine import boot_clock
from offswitch.guard.fleet.sealed import make_key

SCENARIOS = ("whole", "cut", "killed", "frozen", "leaderless", "paused")
LEASE, GRACE, PATIENCE, BEAT = 6.0, 1.0, 2.0, 0.5
SLACK = (
    1.0  # seconds that a death may be late: 54 agents die on few cores, and deaths are seen 20 times a second
)
POLITE = ("sleep", "100000")
DEAF = ("bash", "-c", "trap '' TERM INT HUP QUIT; (setsid sleep 100000 &); while :; do sleep 1; done")
STORE = "10.77.0.1"


def call(command: str) -> None:
    """Run one command that must succeed."""
    subprocess.run(command.split(), check=True, stdout=subprocess.DEVNULL)


def within(space: str, *words: str) -> list[str]:
    """Return a command that runs in a network namespace; `ip netns exec` would hide the control groups."""
    return ["nsenter", f"--net=/run/netns/{space}", "--", *words]


class Network:
    """Namespaces around a bridge, all with names of our own, and taken away at the end."""

    def __init__(self, hosts: int) -> None:
        self.tag = f"ofd{os.getpid()}"
        self.middle = f"{self.tag}-m"
        self.hosts = [f"{self.tag}-{number}" for number in range(hosts)]
        self.silent: dict[int, bool] = {}

    def __enter__(self) -> Network:
        try:
            self._make()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _make(self) -> None:
        for space in (self.middle, *self.hosts):
            call(f"ip netns add {space}")
            call(f"ip -n {space} link set dev lo up")
        call(f"ip -n {self.middle} link add name switch type bridge forward_delay 0")
        call(f"ip -n {self.middle} addr add {STORE}/24 dev switch")
        call(f"ip -n {self.middle} link set dev switch up")
        for number, space in enumerate(self.hosts):
            call(f"ip link add p{number} netns {self.middle} type veth peer name eth0 netns {space}")
            call(f"ip -n {self.middle} link set dev p{number} master switch up")
            call(f"ip -n {space} addr add 10.77.0.{number + 10}/24 dev eth0")
            call(f"ip -n {space} link set dev eth0 up")

    def __exit__(self, *_: object) -> None:
        for space in (self.middle, *self.hosts):
            subprocess.run(["ip", "netns", "del", space], check=False, stderr=subprocess.DEVNULL)

    def cut(self, number: int, silently: bool) -> None:
        """Part one host from the rest: the link goes down, or stays up and swallows everything."""
        self.silent[number] = silently
        if silently:
            call(f"bridge -n {self.middle} link set dev p{number} state 0")
        else:
            call(f"ip -n {self.middle} link set dev p{number} down")

    def heal(self, number: int) -> None:
        """Undo it."""
        if self.silent.pop(number):
            call(f"bridge -n {self.middle} link set dev p{number} state 3")
        else:
            call(f"ip -n {self.middle} link set dev p{number} up")


class Store:
    """The nats-server."""

    def __init__(self, network: Network, folder: Path) -> None:
        near = Path(sys.prefix) / "engines" / "usr" / "sbin" / "nats-server"
        program = str(near) if near.exists() else shutil.which("nats-server") or "/usr/sbin/nats-server"
        self.argv = within(
            network.middle, program, "-a", STORE, "-p", "4222", "-js", "-sd", str(folder / "store")
        )
        self.log = folder / "store.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.argv, stdout=log, stderr=log)

    def signal(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            if number == signal.SIGKILL:
                self.process.wait()


class Host:
    """One host: its namespace, its folders, its member, and the process that looks at what is true."""

    def __init__(self, number: int, space: str, folder: Path, key: Path) -> None:
        self.number, self.space, self.name = number, space, f"host-{number}"
        self.folder = folder / self.name
        self.folder.mkdir()
        self.env = {**os.environ, "OFFSWITCH_FLEET_KEY": str(key)}
        self.env |= {
            "OFFSWITCH_RUN_DIR": str(self.folder / "run"),
            "OFFSWITCH_STATE_DIR": str(self.folder / "state"),
        }
        self.member: subprocess.Popen[bytes] | None = None
        self.eyes: subprocess.Popen[str] | None = None
        self.seen: dict[str, Any] = {}

    def join(self) -> None:
        program = "from offswitch.cli.fleet import COMMAND; COMMAND()"
        argv = [sys.executable, "-c", program, "join", f"nats://{STORE}", "--host", self.name, "--renew"]
        argv += ["--patience", f"{PATIENCE}s", "--beat", f"{BEAT}s"]
        with open(self.folder / "member.log", "ab") as log:
            self.member = subprocess.Popen(within(self.space, *argv), env=self.env, stdout=log, stderr=log)

    def signal(self, number: int) -> None:
        if self.member is not None:
            self.member.send_signal(number)
            if number == signal.SIGKILL:
                self.member.wait()

    def begin(self, names: list[str]) -> None:
        """Start agents, and the process that watches them."""
        argv = within(self.space, sys.executable, __file__, "--eyes", *names)
        self.eyes = subprocess.Popen(argv, env=self.env, stdout=subprocess.PIPE, text=True)

    def started(self) -> None:
        """Wait until all agents run."""
        assert self.eyes is not None
        assert self.eyes.stdout is not None
        if self.eyes.stdout.readline().strip() != "started":
            raise RuntimeError(f"{self.name}: the agents did not start")

    def end(self) -> dict[str, Any]:
        """Return what was seen of each agent, once all are dead."""
        assert self.eyes is not None
        out, _ = self.eyes.communicate(timeout=120)
        found: dict[str, Any] = json.loads(out.splitlines()[-1])
        return found


def watch(names: list[str]) -> None:
    """In a process on a host: start agents, look at them until all are dead, print what was seen."""
    from offswitch.guard import running
    from offswitch.guard.errors import GuardError
    from offswitch.guard.limits import MIB, Limits
    from offswitch.guard.walls import cgroups

    def inhabited(folder: str) -> bool:
        try:
            return cgroups.populated(Path(folder))
        except OSError:  # it is being removed, which the kernel allows only where nobody is left
            return False

    runs, seen = {}, {}
    for number, name in enumerate(names):
        wish = running.Wish(
            DEAF if number % 2 else POLITE,
            name=name,
            lease=LEASE,
            grace=GRACE,
            limits=Limits(memory=64 * MIB, processes=32, disk=8 * MIB),
            detach=True,
        )
        runs[name] = running.start(wish)
        seen[name] = {
            "run": runs[name].run_id,
            "until": boot_clock() + LEASE,
            "alive": 0.0,
            "dead": None,
            "leases": 0,
        }
    print("started", flush=True)

    def ask() -> None:
        while any(one["dead"] is None for one in seen.values()):
            for name, one in seen.items():
                if one["dead"] is None:
                    with contextlib.suppress(GuardError, OSError, TypeError, KeyError):
                        now = boot_clock()
                        until = now + running.ask(name, timeout=2.0, do="status")["left"]
                        one["leases"] += until > one["until"] + 0.5
                        one["until"] = max(one["until"], until)
            time.sleep(1.0)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    while any(one["dead"] is None for one in seen.values()):
        for name, one in seen.items():
            if one["dead"] is None:
                now = boot_clock()
                if any(map(inhabited, runs[name].folders)):
                    one["alive"] = boot_clock()
                else:
                    one["dead"] = now
        time.sleep(0.05)
    for name, one in seen.items():
        receipt = runs[name].wait(30.0).receipt
        one |= {"by": receipt["order"]["by"], "verdict": receipt["verdict"]}
    print(json.dumps(seen), flush=True)


def order(wait: float, now: bool, hosts: list[str], lift: bool, look: bool) -> None:
    """In a process of the operator: order the stop of all, lift it, or just look; print the report."""
    from offswitch.guard.fleet.engine import connect
    from offswitch.guard.fleet.order import Scope
    from offswitch.guard.fleet.recalling import remember
    from offswitch.guard.fleet.sealed import read_key
    from offswitch.guard.fleet.stopping import Survey, give, stop_fleet

    engine, secret = connect(f"nats://{STORE}"), read_key(os.environ["OFFSWITCH_FLEET_KEY"])
    began = boot_clock()
    if look:
        survey = Survey(secret)
        survey.look(engine, Scope())
        remember(survey.believed())
        report: dict[str, Any] = {"runs": len(survey.runs)}
    elif lift:
        given, _ = give(engine, secret, Scope(), "lift")
        report = {"sequence": given.sequence}
    else:
        report = stop_fleet(engine, secret, now=now, wait=wait, hosts=hosts)
    print(json.dumps({**report, "began": began, "told": boot_clock()}), flush=True)
    engine.close()


class Drill:
    """The rounds."""

    def __init__(self, options: argparse.Namespace, network: Network, folder: Path) -> None:
        self.options, self.network, self.rng = options, network, random.Random(options.seed)
        self.key = folder / "fleet.key"
        make_key(str(self.key))
        self.store = Store(network, folder)
        self.hosts = [Host(number, space, folder, self.key) for number, space in enumerate(network.hosts)]
        self.faults: list[str] = []

    def ask(self, *words: str) -> dict[str, Any]:
        """Let the operator act, and return what he is told."""
        argv = within(
            self.network.middle,
            sys.executable,
            __file__,
            *words,
            "--names",
            *(host.name for host in self.hosts),
        )
        env = {
            **os.environ,
            "OFFSWITCH_FLEET_KEY": str(self.key),
            "OFFSWITCH_STATE_DIR": str(self.key.parent / "operator"),
        }
        told = subprocess.run(argv, env=env, capture_output=True, text=True, check=True, timeout=180)
        found: dict[str, Any] = json.loads(told.stdout.splitlines()[-1])
        return found

    def ready(self, number: int) -> None:
        """Lift the last stop, wait until every member has heard that, start all agents, and let a lease go by."""
        for _ in range(20):  # the engine may just be coming up
            with contextlib.suppress(subprocess.CalledProcessError):
                self.ask("--lift")
                break
            time.sleep(0.5)
        time.sleep(3 * BEAT + 0.5)
        for host in self.hosts:
            host.begin([f"r{number}-a{agent}" for agent in range(self.options.agents)])
        for host in self.hosts:
            host.started()
        time.sleep(LEASE + self.rng.uniform(0.0, 1.0))
        self.ask("--look")

    def play(self, number: int, scenario: str) -> dict[str, Any]:
        """Play one round and return its counts."""
        self.ready(number)
        hit = self.rng.sample(self.hosts, self.rng.randint(1, len(self.hosts) // 2))
        all_hit = scenario in ("killed", "frozen")
        struck = {"whole": [], "killed": self.hosts, "frozen": self.hosts}.get(scenario, hit)
        silence = self.rng.uniform(0.5, 5.0)
        if scenario == "frozen" or self.rng.random() < 0.5:
            silence = PATIENCE + LEASE + GRACE + self.rng.uniform(1.0, 2.0)
        now = self.rng.random() < 0.5
        broken_at = boot_clock()
        self.break_down(scenario, hit)
        mending = threading.Timer(silence, self.mend, (scenario, hit))
        mending.start()
        time.sleep(self.rng.uniform(0.0, 1.0))
        first = self.ask("--order", "--wait", str(self.options.wait), *(["--now"] if now else []))
        mending.join()
        last = self.ask("--order", "--wait", "60", *(["--now"] if now else []))
        agents = {(host.name, name): one for host in self.hosts for name, one in host.end().items()}
        self.judge(number, scenario, agents, first, last)
        begun = first["began"]
        deaths = [one["dead"] - begun for one in agents.values()]
        longest = max(
            (
                one["dead"] - broken_at
                for (host, _), one in agents.items()
                if all_hit or host in {one.name for one in struck}
            ),
            default=None,
        )
        result = {
            "scenario": scenario, "struck": [host.name for host in struck], "silence": round(silence, 2), "now": now,
            "agents": len(agents), "proved_first": len(first["proved"]), "unproved_first": len(agents) - len(first["proved"]),
            "named_first": len(first["unproved"]),
            "unproved": sorted(f"{one['host']}/{one['name']}" for one in first["unproved"]),
            "silent_first": [one["host"] for one in first["silent"]], "complete_first": first["complete"],
            "unproved_last": len(agents) - self.proved(agents, first, last), "complete_last": last["complete"],
            "last_death": round(max(deaths), 3),
            "last_proof": round(self.last_proof(first, last), 3),
            "longest_after_break": None if longest is None else round(longest, 3),
            "by": {by: sum(one["by"] == by for one in agents.values()) for by in {one["by"] for one in agents.values()}},
            "renewed": sum(one["leases"] > 0 for one in agents.values()),
        }  # fmt: skip
        print(json.dumps({key: value for key, value in result.items() if key != "unproved"}), flush=True)
        return result

    def proved(self, agents: dict[tuple[str, str], Any], first: dict[str, Any], last: dict[str, Any]) -> int:
        """Return how many of the agents were proved dead in either report."""
        return len(
            agents.keys() & {(one["host"], one["name"]) for one in (*first["proved"], *last["proved"])}
        )

    def last_proof(self, first: dict[str, Any], last: dict[str, Any]) -> float:
        """Return the seconds from the first order to the moment when the operator had the last proof."""
        if first["complete"]:
            return float(first["last_proved_after"] or 0.0)
        again = [one["seen_after"] for one in last["proved"]]
        return float(last["began"] - first["began"] + max(again, default=0.0))

    def break_down(self, scenario: str, hit: list[Host]) -> None:
        """Break what the scenario says."""
        if scenario == "cut":
            for host in hit:
                self.network.cut(host.number, silently=self.rng.random() < 0.5)
        elif scenario == "killed":
            self.store.signal(signal.SIGKILL)
        elif scenario == "frozen":
            self.store.signal(signal.SIGSTOP)
        elif scenario in ("leaderless", "paused"):
            for host in hit:
                host.signal(signal.SIGKILL if scenario == "leaderless" else signal.SIGSTOP)

    def mend(self, scenario: str, hit: list[Host]) -> None:
        """Undo it."""
        if scenario == "cut":
            for host in hit:
                self.network.heal(host.number)
        elif scenario == "killed":
            self.store.start()
        elif scenario == "frozen":
            self.store.signal(signal.SIGCONT)
        elif scenario == "leaderless":
            for host in hit:
                host.join()
        elif scenario == "paused":
            for host in hit:
                host.signal(signal.SIGCONT)

    def judge(
        self,
        number: int,
        scenario: str,
        agents: dict[tuple[str, str], dict[str, Any]],
        first: dict[str, Any],
        last: dict[str, Any],
    ) -> None:
        """Compare what the operator was told with what was so."""
        for report, which in ((first, "first"), (last, "last")):
            listed = {(one["host"], one["name"]) for one in report["unproved"]}
            proved = {(one["host"], one["name"]) for one in report["proved"]}
            for who, one in agents.items():
                where = f"round {number} ({scenario}), {which} report, {'/'.join(who)}"
                alive = one["alive"] > report["told"]
                if alive and who in proved:
                    self.faults.append(
                        f"{where}: told dead, and lived {one['alive'] - report['told']:.2f} s later"
                    )
                if alive and who not in listed:
                    self.faults.append(f"{where}: alive, and on no list")
        for who, one in agents.items():
            where = f"round {number} ({scenario}), {'/'.join(who)}"
            if one["dead"] > one["until"] + GRACE + SLACK:
                self.faults.append(f"{where}: lived {one['dead'] - one['until']:.2f} s beyond its lease")
            if one["verdict"] != "proved":
                self.faults.append(f"{where}: its receipt says {one['verdict']}")
        if not last["complete"]:
            self.faults.append(
                f"round {number} ({scenario}): not complete in the end: {last['unproved']} {last['silent']}"
            )


def summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Return medians and maxima by scenario."""
    told = {}
    for scenario in SCENARIOS:
        mine = [one for one in rounds if one["scenario"] == scenario]
        if mine:
            told[scenario] = {"rounds": len(mine), "agents": sum(one["agents"] for one in mine)}
            for what in ("last_death", "last_proof", "longest_after_break"):
                values = [one[what] for one in mine if one[what] is not None]
                if values:
                    told[scenario][what] = {"median": round(statistics.median(values), 3), "max": max(values), "n": len(values)}  # fmt: skip
            told[scenario]["unproved_first"] = {"median": statistics.median(one["unproved_first"] for one in mine), "max": max(one["unproved_first"] for one in mine)}  # fmt: skip
            told[scenario]["unproved_last"] = max(one["unproved_last"] for one in mine)
    return told


def main() -> int:
    """Play, count, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hosts", type=int, default=6)
    parser.add_argument("--agents", type=int, default=9)
    parser.add_argument("--rounds", type=int, default=4, help="of each scenario")
    parser.add_argument("--wait", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=SCENARIOS)
    parser.add_argument("--out", type=Path)
    for word in ("--order", "--lift", "--look", "--now"):
        parser.add_argument(word, action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--names", nargs="*", default=[], help=argparse.SUPPRESS)
    parser.add_argument("--eyes", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.eyes:
        watch(options.eyes)
        return 0
    if options.order or options.lift or options.look:
        order(options.wait, options.now, options.names, options.lift, options.look)
        return 0
    plan = [options.only] if options.only else list(SCENARIOS)
    plan = plan * options.rounds
    random.Random(options.seed).shuffle(plan)
    began = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and take everything away
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="offswitch-fleet-")))
        network = stack.enter_context(Network(options.hosts))
        drill = Drill(options, network, folder)
        stack.callback(drill.store.signal, signal.SIGKILL)
        for host in drill.hosts:
            stack.callback(host.signal, signal.SIGKILL)
        drill.store.start()
        for host in drill.hosts:
            host.join()
        try:
            rounds = [drill.play(number, scenario) for number, scenario in enumerate(plan)]
        except BaseException:
            for log in sorted(folder.glob("*/member.log")):
                print(f"--- {log.parent.name}\n{log.read_text()[-1500:]}", file=sys.stderr)
            raise
        heard = {host.name: (host.folder / "member.log").read_text().count("goes on") for host in drill.hosts}
    result = {
        "command": f"python bench/fleet_drill.py --hosts {options.hosts} --agents {options.agents} --rounds {options.rounds} --wait {options.wait:g} --seed {options.seed}",
        "engine": "nats-server", "hosts": options.hosts, "agents": options.hosts * options.agents,
        "settings": {"lease": LEASE, "grace": GRACE, "patience": PATIENCE, "beat": BEAT, "wait": options.wait, "slack": SLACK},
        "rounds": len(rounds), "agents_stopped": sum(one["agents"] for one in rounds),
        "renewed_before_the_order": sum(one["renewed"] for one in rounds),
        "faults": drill.faults, "members_that_stumbled": {name: count for name, count in heard.items() if count},
        "minutes": round((time.monotonic() - began) / 60, 1), "processors": os.cpu_count(), "scenarios": summary(rounds), "each": rounds,
    }  # fmt: skip
    print(json.dumps({key: value for key, value in result.items() if key != "each"}, indent=1))
    if options.out:
        rows = ",\n  ".join(json.dumps(one) for one in result.pop("each"))
        head = json.dumps(result, indent=1).removesuffix("\n}")
        options.out.write_text(f'{head},\n "each": [\n  {rows}\n ]\n}}\n')
    return 1 if drill.faults else 0


if __name__ == "__main__":
    sys.exit(main())
