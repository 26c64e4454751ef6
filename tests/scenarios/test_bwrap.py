# SPDX-License-Identifier: MIT
"""The bwrap provider keeps Inspect's sandbox contract, and what this repository asks of it beyond the contract."""

import os

import pytest

pytest.importorskip("inspect_ai")

import anyio
from inspect_ai import Task
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.solver import generate, use_tools
from inspect_ai.tool import bash, bash_session, python, text_editor
from inspect_ai.util import (
    OutputLimitExceededError,
    SandboxUnavailableError,
    SandboxUserUnsupportedError,
    override_sandbox_output_limit,
)
from inspect_ai.util._sandbox.self_check import *  # noqa: F403  (the contract's own tests)
from pydantic import ValidationError

from offswitch.guard.tiers import at_least, survey
from offswitch.scenarios.bwrap import BwrapConfig, BwrapSandboxEnvironment

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(
        not at_least(survey().tier, "rootless"),
        reason=f"no jail with a control group here: {survey().missing()}",
    ),
]

# One user per jail is the point of it; the contract's test makes a second one as root.
ARGUED = {"test_exec_as_user": "a jail has one user; docs/sandbox.md says why"}


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
async def sandbox_env(request):
    if reason := ARGUED.get(request.node.originalname):
        request.node.add_marker(pytest.mark.xfail(reason=reason, strict=True))
    made = await BwrapSandboxEnvironment.sample_init("contract", BwrapConfig(), {})
    yield made["default"]
    await BwrapSandboxEnvironment.sample_cleanup("contract", None, made, False)


# What this repository asks beyond the contract ---------------------------------------------------------------------------


async def test_the_agent_is_the_only_user(sandbox_env):
    assert (await sandbox_env.exec(["whoami"], user="agent")).stdout == "agent\n"
    for user in ("root", "0", "nobody"):
        with pytest.raises(SandboxUserUnsupportedError, match="one user"):
            await sandbox_env.exec(["whoami"], user=user)


async def test_a_missing_program_is_a_failed_command(sandbox_env):
    done = await sandbox_env.exec(["no-such-program"])
    assert (done.success, done.returncode) == (False, 127)
    assert "No such file" in done.stderr


async def test_a_flood_is_an_output_limit_with_its_beginning(sandbox_env):
    with override_sandbox_output_limit(1000, "exec"), pytest.raises(OutputLimitExceededError) as told:
        await sandbox_env.exec(["yes"], timeout=30)
    assert told.value.truncated_output == "y\n" * 500


async def test_bytes_that_are_no_text_are_refused_as_text(sandbox_env):
    await sandbox_env.write_file("x", b"\xff\xfe")
    with pytest.raises(UnicodeDecodeError):
        await sandbox_env.read_file("x")


async def test_there_is_no_door_for_people(sandbox_env):
    with pytest.raises(NotImplementedError, match="no door"):
        await sandbox_env.connection()


async def test_a_scope_that_is_cancelled_kills_its_command(sandbox_env):
    with anyio.move_on_after(0.3):
        await sandbox_env.exec(["sleep", "1000"], concurrency=False)
    for _ in range(200):
        if not sandbox_env.jail.processes():
            break
        await anyio.sleep(0.01)
    assert sandbox_env.jail.processes() == []
    assert (await sandbox_env.exec(["true"])).success


async def test_commands_that_wait_for_minutes_do_not_stand_in_each_others_way(sandbox_env):
    await sandbox_env.exec(["mkfifo", "gate"])
    async with anyio.create_task_group() as group:
        for _ in range(60):
            group.start_soon(lambda: sandbox_env.exec(["cat", "gate"], concurrency=False))
        while len(sandbox_env.jail.processes()) < 60:
            await anyio.sleep(0.01)
        assert (await sandbox_env.exec(["echo", "hello"])).stdout == "hello\n"
        group.cancel_scope.cancel()


def test_a_configuration_says_what_is_wrong_with_it():
    read = BwrapSandboxEnvironment.config_deserialize
    assert read({"memory": 1000, "show": ["/opt"]}) == BwrapConfig(memory=1000, show=("/opt",))
    for wrong in ({"memory": 0}, {"image": "x"}, {"processes": 1}, {"accept": "none"}):
        with pytest.raises(ValidationError):
            read(wrong)


async def test_a_configuration_file_is_refused():
    with pytest.raises(SandboxUnavailableError, match="no configuration file"):
        await BwrapSandboxEnvironment.sample_init("task", "compose.yaml", {})


async def test_the_jail_is_proved_empty_when_the_sample_ends():
    made = await BwrapSandboxEnvironment.sample_init("task", None, {})
    sandbox = made["default"]
    await sandbox.exec(["sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 &"])
    await BwrapSandboxEnvironment.sample_cleanup("task", None, made, True)
    assert (sandbox.emptied.populated, sandbox.emptied.seen) == (0, 1)
    with pytest.raises(SandboxUnavailableError):
        await sandbox.exec(["true"])


async def test_a_host_without_bubblewrap_gets_the_cure(monkeypatch):
    survey.cache_clear()
    monkeypatch.setattr("offswitch.guard.walls.view.find_bubblewrap", lambda *_: None)
    try:
        with pytest.raises(SandboxUnavailableError, match="apt install bubblewrap"):
            await BwrapSandboxEnvironment.task_init("task", None)
        with pytest.raises(SandboxUnavailableError, match="apt install bubblewrap"):
            await BwrapSandboxEnvironment.sample_init("task", None, {})
    finally:
        survey.cache_clear()


@pytest.mark.skipif(
    "OFFSWITCH_SLOW" not in os.environ, reason="brings 60 MB of helpers into a jail; set OFFSWITCH_SLOW=1"
)
def test_inspects_own_tools_work_in_it(tmp_path):
    calls = [
        ("bash", {"command": "echo from bash; id -un"}),
        ("python", {"code": "print('from', 'python')"}),
        ("bash_session", {"action": "type_submit", "input": "cd /tmp; echo from $((40+2))"}),
        ("bash_session", {"action": "type_submit", "input": "pwd"}),
        ("text_editor", {"command": "create", "path": "/workspace/x", "file_text": "written"}),
    ]
    outputs = [ModelOutput.for_tool_call("mockllm/model", tool, arguments) for tool, arguments in calls] + [
        ModelOutput.from_content("mockllm/model", "done")
    ]
    for output in outputs:
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
    task = Task(
        dataset=[Sample(input="go", files={"given.txt": "a given file"})],
        solver=[
            use_tools(bash(timeout=30), python(timeout=30), bash_session(timeout=210), text_editor()),
            generate(),
        ],
        sandbox=("bwrap", BwrapConfig()),
    )
    [log] = inspect_eval(
        task, model=get_model("mockllm/model", custom_outputs=outputs), log_dir=str(tmp_path), display="none"
    )
    assert log.status == "success", log.error
    told = [message.text for message in log.samples[0].messages if message.role == "tool"]
    assert told[:2] == ["from bash\nagent\n", "from python\n"]
    assert "from 42" in told[2]
    assert "/tmp" in told[3]
    assert "success" in told[4].lower(), told
