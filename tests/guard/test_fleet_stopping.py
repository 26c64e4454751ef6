# SPDX-License-Identifier: MIT
"""The whole way: a real nats-server, members in processes of their own, agents in real jails, and the commands."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from offswitch.guard.fleet.engine import connect
from offswitch.guard.fleet.order import Scope
from offswitch.guard.fleet.sealed import make_key, read_key
from offswitch.guard.fleet.stopping import Survey, give, stop_fleet
from offswitch.guard.tiers import at_least, survey

sys.path.insert(0, str(Path(__file__).parent))
from fleets import serving, wait_until

pytestmark = pytest.mark.skipif(
    not at_least(survey().tier, "rootless"), reason=f"no jail with a control group here: {survey().missing()}"
)
PROGRAM = "import sys; from importlib import import_module; import_module('offswitch.cli.' + sys.argv.pop(1)).COMMAND()"
STUBBORN = "trap '' TERM INT HUP; while :; do sleep 1; done"


class Host:
    """One host of the fleet: folders of its own, a member, agents."""

    def __init__(self, name, folder, url, key):
        self.name, self.folder, self.url, self.member = name, folder, url, None
        self.env = {**os.environ, "OFFSWITCH_FLEET_KEY": key, "LC_ALL": "C.UTF-8", "COLUMNS": "120"}
        self.env |= {
            "OFFSWITCH_RUN_DIR": f"{folder}/{name}/run",
            "OFFSWITCH_STATE_DIR": f"{folder}/{name}/state",
        }

    def say(self, *words, check=True):
        """Run a command of offswitch's on this host."""
        argv = [sys.executable, "-c", PROGRAM, *map(str, words)]
        told = subprocess.run(argv, env=self.env, capture_output=True, text=True, timeout=120, check=False)
        assert not check or told.returncode == 0, told.stdout + told.stderr
        return told

    def join(self, *more):
        argv = [
            sys.executable,
            "-c",
            PROGRAM,
            "fleet",
            "join",
            self.url,
            "--host",
            self.name,
            "--beat",
            "300ms",
            *more,
        ]
        with open(f"{self.folder}/{self.name}.log", "ab") as log:
            self.member = subprocess.Popen(argv, env=self.env, stdout=log, stderr=log)
        return self

    def begin(self, *names, lease="60s", command=("sleep", "1000")):
        for name in names:
            self.say("run", "--detach", "--name", name, "--lease", lease, "--", *command)

    def living(self):
        told = json.loads(self.say("status", "--json").stdout)["runs"]
        return {name for name, run in told.items() if run["state"] != "dead"}

    def kill_member(self):
        if self.member is not None:
            self.member.kill()
            self.member.wait()

    def leave(self):
        self.kill_member()
        self.say("stop", "--all", "--now", check=False)


@pytest.fixture
def server(tmp_path):
    with serving("nats", tmp_path / "store") as running:
        yield running


@pytest.fixture
def key(tmp_path):
    file = str(tmp_path / "fleet.key")
    make_key(file)
    return file


@pytest.fixture
def hosts(server, key, tmp_path):
    with ExitStack() as stack:
        made = [Host(name, tmp_path, server.url, key) for name in ("alpha", "beta")]
        for host in made:
            stack.callback(host.leave)
        yield made


@pytest.fixture
def engine(server):
    with closing(connect(server.url)) as made:
        yield made


def seen_runs(engine, secret):
    seen = Survey(secret)
    seen.look(engine, Scope())
    return {f"{host}/{run.name}" for host, roster in seen.rosters.items() for run in roster.runs if run.left}


def test_one_command_stops_every_host_and_says_what_is_proved(hosts, engine, key):
    alpha, beta = hosts
    alpha.join()
    beta.join()
    alpha.begin("scout", "writer")
    beta.begin("scout", command=("bash", "-c", STUBBORN))
    wait_until(lambda: seen_runs(engine, read_key(key)) == {"alpha/scout", "alpha/writer", "beta/scout"})
    listed = alpha.say("fleet", "list", alpha.url).stdout
    assert "writer" in listed
    told = alpha.say("stop", "--all", "--now", "--fleet", alpha.url, "--wait", "30s", "--json")
    (report,) = json.loads(told.stdout)["reports"]
    assert report["complete"]
    assert {(one["host"], one["name"]) for one in report["proved"]} == {
        ("alpha", "scout"),
        ("alpha", "writer"),
        ("beta", "scout"),
    }
    assert alpha.living() == beta.living() == set()
    refused = beta.say("run", "--name", "late", "--lease", "60s", "--", "sleep", "1000", check=False)
    assert refused.returncode in (125, 137), (
        "a stop of all stands: what starts is stopped, some before it has begun"
    )
    assert "fleet order" in refused.stderr
    assert "stop of every host stands" in alpha.say("fleet", "list", alpha.url).stdout
    alpha.say("fleet", "lift", alpha.url, "all")
    wait_until(lambda: "heard: lift" in Path(f"{beta.folder}/beta.log").read_text())
    beta.begin("again")
    time.sleep(1.0)
    assert beta.living() == {"again"}
    told = alpha.say("stop", "beta/again", "--now", "--fleet", alpha.url)
    assert "1 proved dead" in told.stdout
    assert beta.living() == set()


def test_a_frozen_engine_keeps_no_agent_alive_beyond_its_lease(hosts, server, engine, key):
    alpha, _ = hosts
    alpha.join("--renew", "--patience", "3s")
    alpha.begin("scout", lease="5s")
    time.sleep(7.0)
    assert alpha.living() == {"scout"}, "renewed while the engine answers"
    server.freeze()
    frozen = time.monotonic()
    wait_until(lambda: not alpha.living(), 40.0)
    assert time.monotonic() - frozen < 3.0 + 5.0 + 4.0, (
        "patience, lease, and the time to look on a busy machine"
    )
    server.thaw()
    report = stop_fleet(engine, read_key(key), wait=40.0)
    assert report["complete"], report
    wait_until(lambda: _death(engine, key, "scout"))
    assert _death(engine, key, "scout").by == "lease"


def _death(engine, key, name):
    seen = Survey(read_key(key))
    seen.look(engine, Scope())
    return next(
        (death for death in seen.deaths.values() if death.name == name and death.verdict == "proved"), None
    )


def test_a_host_without_its_member_is_silent_its_agents_unproved_and_proved_when_it_is_back(
    hosts, engine, key
):
    alpha, beta = hosts
    alpha.join()
    beta.join()
    alpha.begin("a")
    beta.begin("b", lease="5s")
    secret = read_key(key)
    wait_until(lambda: seen_runs(engine, secret) == {"alpha/a", "beta/b"})
    beta.kill_member()
    report = stop_fleet(engine, secret, now=True, wait=1.5)
    assert not report["complete"]
    assert [one["name"] for one in report["proved"]] == ["a"]
    (left,) = report["unproved"]
    assert (left["host"], left["name"]) == ("beta", "b")
    assert "has not answered" in left["why"]
    assert left["lease_ends"] - report["order"]["wall"] < 5.5
    assert [one["host"] for one in report["silent"]] == ["beta"]
    wait_until(lambda: not beta.living(), 10.0)  # by its own lease, with nobody to tell it
    beta.join()
    report = stop_fleet(engine, secret, wait=40.0)
    assert report["complete"], report


def test_an_order_outlives_the_kill_of_the_engine(hosts, server, engine, key):
    alpha, _ = hosts
    secret = read_key(key)
    give(engine, secret, Scope(), "stop", now=True)
    server.kill()
    alpha.join()
    alpha.begin("a")
    time.sleep(1.0)
    assert alpha.living() == {"a"}, "nothing was heard yet"
    server.start()
    wait_until(lambda: not alpha.living(), 40.0)
    assert stop_fleet(engine, secret, wait=40.0)["complete"]


def test_where_the_engine_is_out_of_reach_this_host_is_stopped_and_nobody_else_is_claimed(hosts):
    alpha, _ = hosts
    alpha.begin("a")
    told = alpha.say("stop", "--all", "--now", "--fleet", "nats://127.0.0.1:1", "--wait", "1s", check=False)
    assert told.returncode == 6
    assert alpha.living() == set()
    assert "0 of 0 hosts answered" in told.stdout
    assert "127.0.0.1:1" in told.stderr


def test_hosts_that_must_answer_are_missed_where_they_do_not(hosts, tmp_path):
    alpha, _ = hosts
    alpha.join()
    (tmp_path / "hosts").write_text("alpha\ngamma   # bought in May\n")
    alpha.env["OFFSWITCH_FLEET_HOSTS"] = str(tmp_path / "hosts")
    told = alpha.say("stop", "--all", "--fleet", alpha.url, "--wait", "3s", check=False)
    assert told.returncode == 6
    assert "gamma: SILENT" in told.stdout
    assert "1 of 2 hosts answered" in told.stdout


@pytest.mark.parametrize(
    ("words", "cure"),
    [
        (("fleet", "list", "redis://x"), "nats://"),
        (("fleet", "list", "nats://127.0.0.1:1"), "127.0.0.1:1"),
        (("fleet", "lift", "nats://127.0.0.1:1", "a/b"), "nothing to lift"),
        (("fleet", "join", "nats://127.0.0.1:1", "--host", "a b"), "no name for a host"),
        (
            ("fleet", "join", "nats://127.0.0.1:1", "--renew", "--patience", "1s", "--beat", "2s"),
            "longer than --beat",
        ),
        (("stop", "a/b/c", "--fleet", "nats://127.0.0.1:1"), "no name for a run"),
    ],
)
def test_wrong_use_is_told_with_its_cure(tmp_path, key, words, cure):
    told = Host("alpha", tmp_path, "", key).say(*words, check=False)
    assert told.returncode == 2
    assert cure in told.stderr
    assert "Traceback" not in told.stderr


def test_a_key_that_others_may_read_is_refused(tmp_path, key):
    os.chmod(key, 0o644)
    told = Host("alpha", tmp_path, "", key).say("fleet", "list", "nats://127.0.0.1:1", check=False)
    assert told.returncode == 2
    assert "chmod 600" in told.stderr


def test_a_member_ends_by_signal_and_says_so_to_the_engine(hosts, engine, key):
    alpha, _ = hosts
    alpha.join()
    seen = Survey(read_key(key))
    wait_until(lambda: seen.look(engine, Scope()) or seen.rosters)
    alpha.member.send_signal(signal.SIGTERM)
    assert alpha.member.wait(15.0) == 0
    seen.look(engine, Scope())
    assert seen.rosters["alpha"].serving is False
    alpha.say("fleet", "forget", alpha.url, "alpha")
    assert engine.list("hosts") == engine.list("reports") == {}
