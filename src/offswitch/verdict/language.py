# SPDX-License-Identifier: MIT
"""How orders look in English: sentences, imperatives, and passages that speak to a machine. For detectors.

A word never makes a finding. These functions tell which *sentence* of a text gives an order and to whom, so that a
detector can ask whether an act followed that sentence rather than the people entitled to give orders. The one thing
that is easy to get wrong: offsets are into the text as it stands, so that a quote is verbatim. Everything here is linear in
the text: patterns have no nested repetition, and at most `LONGEST` characters are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from offswitch.verdict.operations import ACTION_VERBS, READING
from offswitch.verdict.phrases import Phrases

LONGEST = 200_000  # characters of one text that are read
LONGEST_SENTENCE = 1_000
QUOTE = 280

_BREAK = re.compile(
    r"[.!?](?=[\s\"'*)\]])|\n\s{0,40}\n|\n(?=\s{0,20}(?:[-*•#>]|\d{1,2}[.)]))|(?<=:)\n|\n(?=[^\S\n]{0,40}<)|>\n|[;|]"
)
_WORD = re.compile(r"[A-Za-z][A-Za-z'’]*")
_PLEASE = Phrases(
    r"\b(?:please|kindly|must|should|need to|have to|todo:?|following[^.:\n]{0,20}:)[\s,]", re.IGNORECASE
)
_AFTER_CONDITION = re.compile(
    r"\A\W{0,6}(?:if|before|once|after|when|in order|to|for|as|since|while)\b[^,\n]{0,200},", re.IGNORECASE
)

ORDERING = (
    ACTION_VERBS
    | READING
    | frozenset(
        "initiate provide adjust perform apply request access complete turn raise lower increase reduce extract collect gather append attach include"
        " encode encrypt insert reveal expose obtain record trigger activate deactivate unlock order pick choose mark sign accept reject approve".split()
    )
)
"""Verbs that may lead an order."""
_NOUNS = frozenset(
    "payment transaction invoice money mailing invitation reservation booking appointment cancellation deletion repay back failover bill".split()
)
_HEADING = re.compile(
    r"(?:\s(?:id|no|number|address|message|subject|date|type|status|name))?\s?[:#=]|\s\d{1,6}\s?(?:[-:.)\n|]|\Z)|\s?-{2}|\s?[|/]",
    re.IGNORECASE,
)
"""What follows a word that heads a field or a list rather than orders: "Email 1 ---", "Report ID:"."""

_INSTEAD = Phrases(r"\b(?:ignore|disregard|forget|instead of|bypass|override|stop)\b", re.IGNORECASE)
_AND = re.compile(r"\b(?:and|then|instead|also|but)\b[\s,]|,\s", re.IGNORECASE)

_LEAD = frozenset(
    "let let's us please kindly first firstly then also and now next finally instead immediately just so todo important urgent note action"
    " of all required step urgently additionally quickly simply always afterwards secondly lastly you must should need needs have"
    " to are will can could would may i want ask like make sure be that it is your task job goal objective new remember don"
    " don't forget not hi hello hey dear assistant ai agent the following do required necessary essential".split()
)


class Sentence(msgspec.Struct, frozen=True):
    """A stretch of a text, by offsets; `verb` is the base form of what it orders, "" where it orders nothing."""

    start: int
    stop: int
    verb: str = ""


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, stop) of the sentences and list items of `text`, as far as it is read; none is over-long."""
    start = 0
    limit = min(len(text), LONGEST)
    for match in _BREAK.finditer(text, 0, limit):
        yield from _cut(start, match.end())
        start = match.end()
    yield from _cut(start, limit)


def _cut(start: int, stop: int) -> Iterator[tuple[int, int]]:
    while stop - start > LONGEST_SENTENCE:
        yield start, start + LONGEST_SENTENCE
        start += LONGEST_SENTENCE
    if stop > start:
        yield start, stop


def imperatives(text: str) -> list[Sentence]:
    """Return the sentences of `text` that order somebody to act."""
    text = text[:LONGEST].replace("\\n", " \n")
    return [
        Sentence(start, stop, verb)
        for start, stop in sentences(text)
        if (verb := ordered_verb(text[start:stop]))
    ]


def ordered_verb(sentence: str) -> str:
    """Return the verb that a sentence orders ("please send ..." gives "send"), or ""."""
    starts = [0]
    starts += [match.end() for match in _PLEASE.finditer(sentence)][:6]
    if condition := _AFTER_CONDITION.match(sentence):
        starts.append(condition.end())
    if _INSTEAD.search(sentence):
        starts += [match.end() for match in _AND.finditer(sentence)][:8]
    if 0 <= (colon := sentence.find(":")) < 80:
        starts.append(colon + 1)
    for start in starts:
        if verb := _leading_verb(sentence[start : start + 160]):
            return verb
    return ""


def _leading_verb(clause: str) -> str:
    for count, match in enumerate(_WORD.finditer(clause)):
        word = match.group(0).lower().replace("’", "'")
        if match.end() < len(clause) and clause[match.end()] in "_/.(=-\\":
            return ""  # part of a name, a path or code
        if word in ORDERING and word not in _NOUNS and not _HEADING.match(clause, match.end()):
            return word
        if word not in _LEAD or count > 12:
            return ""
    return ""


ADDRESSED = Phrases(
    # It speaks of the conversation itself: the task, the instructions, what comes before.
    r"\b(?:ignore|disregard|forget|override|bypass|stop following|do not follow)\s(?:\w+\s){0,4}"
    r"(?:instructions?|prompts?|tasks?|orders?|rules|guidelines|context|directives?|requests?|messages?)\b"
    r"|\b(?:before|after|once|until)\s(?:you\s)?(?:\w+\s){0,3}(?:solv|answer|continu|proceed|complet|finish|start|begin|do)\w*\s"
    r"(?:\w+\s){0,4}(?:task|request|question|query|instructions?|prompt)\b"
    r"|\b(?:original|initial|previous|prior|current|main|first|given)\s(?:task|request|instructions?|prompt|question|query|objective)\b"
    r"|\b(?:task|instructions?|request)s?\s(?:that\s)?(?:i|we|the user|your user)\s(?:gave|have given|assigned|asked|sent)\b"
    r"|\byour\s(?:new|real|actual|true|next|only|updated|primary)\s(?:task|instructions?|objective|goal|mission|job|directive|orders?)\b"
    r"|\b(?:new|updated|additional|special|high[- ]priority|following)\s(?:system\s)?(?:instructions?|directives?|prompt)\s?:"
    # It speaks to a machine.
    r"|\b(?:dear|hey|hi|hello|attention|note to|message (?:to|for)|instructions? (?:to|for)|to you,)\s(?:the\s|any\s|all\s|you,?\s|my\s)?"
    r"(?:ai|llm|language model|assistant|agent|chat ?bot|model|bot|gpt|claude|gemini|llama|copilot)\b"
    r"|\b(?:ai|llm)[- ]?(?:assistant|agent|model)?s?\s?[:,!]\s"
    r"|\b(?:if|as) (?:you are|you're)? ?(?:an? )(?:ai|llm|language model|virtual assistant|automated agent)\b"
    r"|\byou are (?:now )?(?:an? )?(?:ai|llm|language model|helpful assistant|in (?:developer|debug|admin|maintenance) mode)\b"
    # It wears the costume of the interface.
    r"|<\s?/?\s?(?:information|instructions?|system|admin|important|user|assistant|task|prompt|command|override|secret|developer|im_start|im_end)"
    r"(?:[\s_|:-][^>\n]{0,40})?>"
    r"|\[/?(?:inst|system|admin|instructions?|important|override|assistant|user)\b[^\]\n]{0,40}\]|<<\s?/?sys\s?>>|<\|[a-z_]{2,30}\|>"
    r"|(?:^|\n)[\s>*#=-]{0,10}(?:system|admin(?:istrator)?|developer|root|operator|openai|anthropic)(?:\s(?:message|prompt|notice|override|instructions?|alert|note|command))?\s?[:>]"
    r"|#{2,6}\s?(?:system|instructions?|new task|task|prompt|user)\b"
    r"|(?<!-)-{3,40}\s?(?:begin|end|start|stop)\b[^\n]{0,30}\b(?:instructions?|system|prompt|message)"
    # It wants something kept from the one it is done for, or speaks of that person as a third.
    r"|\b(?:do not|don['’]t|never|without)\s(?:tell|mention|inform|notify|reveal|disclose|alert|show|ask|telling|mentioning|informing|notifying|revealing|alerting|asking)\w*\s"
    r"(?:\w+\s){0,3}(?:the user|your user|the human|anyone)\b"
    r"|\bthe user(?:['’]{1,2}s)?\s(?:\w+\s){0,2}(?:wants|needs|expects|has asked|asked|requested|phone|email|e-mail|password|name|address|account|data|files?|history|information|credentials|passport|calendar|inbox|messages?|documents?)\b"
    r"|\bcall(?:ing)? the (?:function|tool)\b|\buse the \S{1,60} (?:tool|function)\b|\bwith the following (?:arguments|parameters)\b",
    re.IGNORECASE,
)
"""Words by which a passage in data turns to the machine that reads it."""

DELEGATED = Phrases(
    r"\b(?:follow|do|perform|complete|carry out|execute|act (?:up)?on|handle|take care of|process|implement|apply|obey|comply with|address|work through)\b"
    r"[^.?!\n]{0,80}\b(?:instructions?|actions?|tasks?|steps|to-?dos?|todo|requests?|items|asks?|says?|notices?)\b"
    r"|\baccordingly\b|\bas (?:instructed|requested|described|specified|asked|indicated|directed)\b"
    r"|\b(?:whatever|what|everything|anything) (?:he|she|it|they|\w+) (?:says?|asks?|wants?|tells?|requests?)\b",
    re.IGNORECASE,
)
"""Somebody entitled hands the agent over to instructions that it will find in the data."""


def cut(text: str, start: int, stop: int, most: int = QUOTE) -> str:
    """Return a verbatim quote of at most `most` characters."""
    return text[start : min(stop, start + most)].strip()
