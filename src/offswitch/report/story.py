# SPDX-License-Identifier: MIT
"""One episode as a story that a person can check: who was told what, what happened, and which words prove what.

Everything from the transcript is indented, and every heading of ours begins at the edge, so that no text in a
transcript can pass for one. Evidence is bold, underlined and between `>>` and `<<`, to show without colour too. The
one thing that is easy to get wrong: a quotation that is not found again in its event must still be shown, below it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator

import msgspec
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from offswitch.episode.record import Called, Episode, Event, Failed, Observed, Order, Returned, Said, Who
from offswitch.report.marking import folded, marked
from offswitch.report.visible import one_line, visible
from offswitch.verdict.conduct import Conduct, Grade, Status
from offswitch.verdict.finding import Finding, Outcome, Role

INDENT = 6
BESIDE = {
    Role.ACT: "this belongs to it",
    Role.STATE: "the world shows it",
    Role.ORDER: "this is what it goes against",
}
"""What is said under an event that supports a finding told elsewhere."""
NEAR = 1  # events shown on each side of evidence where only evidence is asked for

STATUS = {
    Status.VOICED: "only said",
    Status.ATTEMPTED: "attempted",
    Status.BLOCKED: "attempted and blocked",
    Status.SUCCEEDED: "succeeded",
}
GRADE = {
    Grade.JUDGE: "in a model's opinion",
    Grade.STATEMENT: "by its own words",
    Grade.ACTION: "shown by an executed call",
    Grade.STATE: "shown by the state of the world",
}


def story(episode: Episode, outcome: Outcome, *, only_evidence: bool = False) -> RenderableType:
    """Return the whole story, or only the events around evidence."""
    parts: list[RenderableType] = [_header(episode, outcome), *_orders(episode.orders), Text("")]
    quotes, proofs = _evidence(outcome)
    wanted = _near(proofs, len(episode.events)) if only_evidence else set(range(len(episode.events)))
    hidden = 0
    for index, event in enumerate(episode.events):
        if index not in wanted:
            hidden += 1
            continue
        if hidden:
            parts.append(_gap(hidden))
            hidden = 0
        parts += _event(index, event, quotes[index], proofs[index])
    if hidden:
        parts.append(_gap(hidden))
    return Group(*parts, *_closing(outcome))


def in_words(outcome: Outcome) -> str:
    """Return what an episode comes to, in one sentence."""
    if outcome.failure:
        tail = (
            f"the instrument failed ({outcome.failure.what.value}): {one_line(outcome.failure.because, 200)}"
        )
        return f"{'defied, then ' if outcome.defied else 'not settled: '}{tail}"
    verdict = "defied" if outcome.defied else "resisted" if outcome.resisted else "did not defy"
    stop = {True: "; the stop took effect", False: "; the stop did not take effect", None: ""}[
        outcome.stopped
    ]
    extra = "" if outcome.conduct is Conduct.COMPLY else f" ({outcome.conduct.value})"
    unread = f"; {outcome.unread} calls could not be read fully" if outcome.unread else ""
    return f"{verdict}{extra}{stop}{unread}"


def _header(episode: Episode, outcome: Outcome) -> RenderableType:
    style = (
        "bold red"
        if outcome.defied
        else "bold yellow"
        if outcome.resisted or outcome.failure
        else "bold green"
    )
    source = ": ".join(part for part in (episode.source.file, episode.source.place) if part)
    rows = [
        ("Episode", episode.id, "bold"),
        ("Agent", episode.agent, ""),
        ("Condition", episode.condition, ""),
    ]
    rows += [
        ("Cluster", episode.cluster, ""),
        ("Format", episode.source.format, ""),
        ("Read from", source, ""),
    ]
    rows.append(("Outcome", in_words(outcome), style))
    return _hanging(
        [(Text(name, "dim"), Text(one_line(value, 400), look)) for name, value, look in rows if value]
    )


def _hanging(rows: list[tuple[Text, Text]]) -> RenderableType:
    """Return lines whose continuation stays right of their first column."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for row in rows:
        grid.add_row(*row)
    return grid


def _orders(orders: tuple[Order, ...]) -> Iterator[RenderableType]:
    if orders:
        yield Text("\nOrders", "bold")
    for order in orders:
        where = "given with the episode" if order.event is None else f"event {order.event}"
        protects = (
            f"; out of bounds: {', '.join(one_line(name, 80) for name in order.protects[:12])}"
            if order.protects
            else ""
        )
        yield Text(f"- {order.kind.value} ({order.clarity.value}, {where}){protects}")
        if order.text:
            yield _block(order.text, set())


class _Proof(msgspec.Struct, frozen=True):
    """What one event is to one finding: the finding's number, and whether the deed itself is told here."""

    number: int
    finding: Finding
    role: Role
    tells: bool


def _evidence(outcome: Outcome) -> tuple[dict[int, set[str]], dict[int, list[_Proof]]]:
    """Return by event the words that prove something, and what the event is to each finding that points there."""
    quotes: dict[int, set[str]] = defaultdict(set)
    proofs: dict[int, list[_Proof]] = defaultdict(list)
    for number, finding in enumerate(outcome.findings, 1):
        for place, pointer in enumerate(finding.evidence):
            quotes[pointer.event].add(pointer.quote)
            if number not in {proof.number for proof in proofs[pointer.event]}:
                proofs[pointer.event].append(_Proof(number, finding, pointer.role, place == 0))
    return quotes, proofs


def _near(proofs: dict[int, list[_Proof]], length: int) -> set[int]:
    near = {index + step for index in proofs for step in range(-NEAR, NEAR + 1)}
    return {index for index in near if 0 <= index < length}


def _gap(count: int) -> Text:
    return Text(f"… {count:,} event{'' if count == 1 else 's'} …", "dim")


def _event(index: int, event: Event, quotes: set[str], proofs: list[_Proof]) -> Iterator[RenderableType]:
    title, style, blocks = _told(event)
    yield Text.assemble((f"[{index}] ", "dim"), (title, style), no_wrap=True, overflow="ellipsis")
    for block in blocks:
        yield _block(block, quotes)
    for proof in proofs:
        finding = proof.finding
        arrow = Text("^", "bold red" if finding.defies else "bold yellow")
        told = _finding(finding) if proof.tells else BESIDE[proof.role]
        yield Padding(_hanging([(arrow, Text(f"{proof.number}. {told}"))]), (0, 0, 0, 4))
        unfound = {p.quote for p in finding.evidence if p.event == index and p.quote.strip()}
        for quote in sorted(quote for quote in unfound if not any(quote in block for block in blocks)):
            yield Padding(Text(f">>{one_line(quote, 400)}<<", "bold underline"), (0, 0, 0, INDENT))


def _told(event: Event) -> tuple[str, str, list[str]]:
    """Return the heading of an event, its style, and the texts below it."""
    match event:
        case Said():
            who = {
                Who.SYSTEM: "system says",
                Who.USER: "user says",
                Who.AGENT: "agent says",
                Who.OTHER: "other says",
            }
            title = "agent thinks" if event.who is Who.AGENT and event.private else who[event.who]
            return _named(title, event.name), "bold cyan" if event.who is Who.AGENT else "bold", [event.text]
        case Called():
            return (
                _named(f"agent calls {one_line(event.tool, 80)}", event.name),
                "bold magenta",
                _arguments(event),
            )
        case Returned():
            code = "" if event.exit is None else f", exit {event.exit}"
            title = f"{one_line(event.tool, 80) or 'tool'} returns{code}"
            return title, "blue", [event.text, *([f"error: {event.error}"] if event.error else [])]
        case Observed():
            return (
                f"seen: {one_line(event.what, 80)} {one_line(event.target, 200)}".rstrip(),
                "bold",
                [_plain(event.value)],
            )
        case Failed():
            return f"the instrument fails here: {event.what.value}", "bold yellow", [event.text]


def _named(title: str, name: str) -> str:
    return f"{title} (as {one_line(name, 60)})" if name else title


def _arguments(call: Called) -> list[str]:
    if call.raw:
        return [call.raw]
    if len(call.arguments) == 1 and isinstance(only := next(iter(call.arguments.values())), str):
        return [only]
    return [f"{name}: {_plain(value)}" for name, value in call.arguments.items()]


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, ensure_ascii=False, default=str)


def _block(text: str, quotes: set[str]) -> RenderableType:
    body = Text()
    for line in folded(marked(text.rstrip("\n"), quotes)):
        if isinstance(line, str):
            body.append(line, "dim italic")
        for piece, quoted in line if isinstance(line, list) else ():
            body.append(f">>{piece}<<", "bold underline") if quoted else body.append(piece)
        body.append("\n")
    body.right_crop(1)
    return Padding(body, (0, 0, 0, INDENT)) if body else Text("", end="")


def _finding(finding: Finding) -> str:
    how = f"{STATUS[finding.status]}, {GRADE[finding.grade]}"
    return f"{finding.conduct.value} against {finding.order.value}: {how}: {one_line(finding.because, 400)}"


def _closing(outcome: Outcome) -> Iterator[RenderableType]:
    count = len(outcome.findings)
    yield Text(f"\n{count or 'No'} finding{'' if count == 1 else 's'}", "bold")
    rows = []
    for number, finding in enumerate(outcome.findings, 1):
        kind = "defiance" if finding.defies else "resistance" if finding.resists else "no defiance"
        events = ", ".join(str(pointer.event) for pointer in finding.evidence[:12])
        detail = f"{kind}; status {finding.status.name.lower()}, grade {finding.grade.name.lower()}; "
        detail += f"events {events}; detector {visible(finding.detector)}"
        rows.append((Text(f"{number}."), Text(_finding(finding), "bold" if finding.defies else "")))
        rows.append((Text(""), Text(detail, "dim")))
    yield _hanging(rows)
