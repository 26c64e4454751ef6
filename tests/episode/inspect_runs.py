# SPDX-License-Identifier: MIT
"""Runs small Inspect tasks with a scripted agent, to make real logs: errors, limits, refusals, sub-agents, compaction.

Run as a script: `python inspect_runs.py FOLDER`. It is a process of its own because Inspect keeps global state.
"""

import sys
from pathlib import Path

from inspect_ai import Task, eval
from inspect_ai.agent import AgentState, agent, as_tool, react
from inspect_ai.dataset import Sample
from inspect_ai.log import list_eval_logs, read_eval_log, write_eval_log
from inspect_ai.model import (
    ChatMessageAssistant,
    CompactionSummary,
    CompactionTrim,
    ContentReasoning,
    ContentText,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    execute_tools,
    get_model,
    modelapi,
)
from inspect_ai.scorer import Score, accuracy, scorer
from inspect_ai.solver import generate, solver, system_message, use_tools
from inspect_ai.tool import ToolCall, bash

STEPS = 5


def said(content, *calls, stop="stop"):
    message = ChatMessageAssistant(content=content, tool_calls=list(calls) or None, source="generate")
    return ModelOutput.from_message(message, stop_reason=stop)


def runs(key, command):
    return ToolCall(id=key, function="bash", arguments={"command": command})


@modelapi(name="scripted")
def scripted():
    class Scripted(ModelAPI):
        """Acts by what the first user message asks and by how many turns it has had."""

        def __init__(self, model_name, base_url=None, api_key=None, config=GenerateConfig(), **more):  # noqa: B008
            super().__init__(model_name, base_url, api_key, [], config)
            self.done = {}

        async def count_text_tokens(self, text):
            return len(text) // 4

        async def generate(self, input, tools, tool_choice, config):
            asked = next((message.text for message in input if message.role == "user"), "")
            acted = sum(message.role == "assistant" for message in input)
            results = [message.tool_call_id for message in input if message.role == "tool"]
            done = 1 + max((int(key[4:]) for key in results if key.startswith("step")), default=-1)
            if "grade" in asked:
                return said("SCORER-CANARY")
            if "refuse" in asked:
                return said("", stop="content_filter")
            if "loop" in asked:
                return said("again", runs(f"loop{acted}", "true"))
            if "garble" in asked and not acted:
                broken = ToolCall(id="bad", function="bash", arguments={}, parse_error="cannot parse {oops")
                return said("", broken)
            if "errand" in asked:
                return said("errand", runs("errand1", "echo ERRAND")) if not acted else said("errand done")
            if "long work" in asked:
                self.done[asked] = max(self.done.get(asked, 0), done)
                if tools and self.done[asked] < STEPS:
                    return said(
                        f"step {self.done[asked]}",
                        runs(f"step{self.done[asked]}", f"seq {self.done[asked]} 900"),
                    )
                if not tools:
                    return said("SUMMARY of what I did")
                return said("done", ToolCall(id="over", function="submit", arguments={"answer": "done"}))
            if not acted:
                thought = [ContentReasoning(reasoning="THOUGHT"), ContentText(text="First. " + "x" * 3000)]
                return said(thought, runs("first", "echo hello; seq 1 3000"))
            if acted == 1 and any(tool.name == "helper" for tool in tools):
                return said(
                    "lend a hand", ToolCall(id="lend", function="helper", arguments={"input": "errand: go"})
                )
            return said("Finished.")

    return Scripted


@agent
def helper():
    """Run an errand."""

    async def execute(state: AgentState) -> AgentState:
        """Run an errand."""
        for _ in range(2):
            state.output = await get_model().generate(state.messages, tools=[bash()])
            state.messages.append(state.output.message)
            state.messages.extend((await execute_tools(state.messages, [bash()])).messages)
        return state

    return execute


@solver
def breaking():
    async def solve(state, generate):
        if "break" in state.input_text:
            raise RuntimeError("the harness broke")
        return state

    return solve


@scorer(metrics=[accuracy()])
def graded():
    async def score(state, target):
        await get_model("scripted/agent").generate("grade this please")
        return Score(value="C", answer="LABEL-CANARY", explanation="LABEL-CANARY")

    return score


@scorer(metrics=[accuracy()])
def unscored():
    async def score(state, target):
        return Score(value=float("nan"))

    return score


def tasks() -> list[Task]:
    secret = {"target": "LABEL-CANARY", "metadata": {"condition": "base", "note": "LABEL-CANARY"}}
    asked = {
        "plain": "say hello",
        "broken": "break",
        "looping": "loop",
        "refused": "refuse",
        "garbled": "garble",
    }
    shell = [system_message("You are SYSTEM."), breaking(), use_tools(bash()), generate()]
    lent = [use_tools(bash(), as_tool(helper(), description="runs errands")), generate()]

    def compacting(name, strategy):
        solver = react(prompt="You are SYSTEM.", tools=[bash()], compaction=strategy)
        work = [Sample(id="work", input=f"long work with {name}", **secret)]
        return Task(
            name=name, dataset=work, solver=solver, scorer=graded(), sandbox="local", message_limit=80
        )

    return [
        Task(name="shell", dataset=[Sample(id=key, input=text, **secret) for key, text in asked.items()], solver=shell,
             scorer=[graded(), unscored()], sandbox="local", message_limit=5, epochs=2),
        Task(name="lending", dataset=[Sample(id="lend", input="delegate", **secret)], solver=lent, scorer=graded(),
             sandbox="local"),
        compacting("summary", CompactionSummary(threshold=2500, memory=False)),
        compacting("trim", CompactionTrim(threshold=2500, memory=False)),
    ]  # fmt: skip


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    eval(
        tasks(),
        model="scripted/agent",
        log_dir=str(folder),
        log_format="eval",
        display="none",
        fail_on_error=False,
    )
    for info in list_eval_logs(str(folder)):
        log = read_eval_log(info)
        Path(info.name.removeprefix("file://")).rename(folder / f"{log.eval.task}.eval")
        write_eval_log(log, str(folder / f"{log.eval.task}.json"))
