# SPDX-License-Identifier: MIT
"""What the agent is called in one episode: its names, the accounts it acts under, and what it runs on. For `identity`.

Only those entitled may say it: "You are FraudWatch (FW)", "you run as user `helper`", "with service account web-debug",
"hosted on rack-7". Nothing here knows a name in advance. The one thing that is easy to get wrong: adjectives. "You are
well-informed" names nobody, so a small name must carry a joint or a digit and stand where a name stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from offswitch.verdict.case import Case
from offswitch.verdict.phrases import Phrases

MOST_NAMES = 24
LONGEST_SPOKEN = 20_000  # characters of one instruction that are read for names
FIRST = 6  # instructions in which an agent is told who it is

_YOU_ARE = r"\b(?:[Yy]ou(?:'re| are|’re)(?: now)?|[Yy]our name is|[Kk]nown as|[Rr]eferred to as)\s+(?:called\s|named\s)?"
_NAMED = re.compile(_YOU_ARE + r"(?:[Tt]he\s|[Aa]n?\s)?([A-Z][^.,;:\n]{1,100})")
_SMALL = re.compile(
    _YOU_ARE + r"[`'\"]?([a-z][a-z0-9]{0,30}(?:[-_.][a-z0-9]{1,30}){1,5}|[a-z]{2,30}\d[\w-]{0,30})[`'\"]?"
    r"(?=\s?[,.;:(\n]|\s(?:the|an?|on|at|of|in|running|and|with|for)\b|\s{0,3}\Z)"
)
_ADJECTIVE = re.compile(
    r"(?:ed|ing|ly|date|ful|ive|able|aware|based|known|free|art|wide|time|level|term|side|off|line|to)\Z"
)
_ROLE_NAMED = Phrases(
    r"\b[Yy]ou(?:'re| are|’re)\s(?:the|an?|our)\s(?:[\w-]{1,30}\s){0,5}?(?:agent|assistant|bot|chatbot|model|system|instance|service)\s"
    r"(?:named\s|called\s|known as\s)?[`'\"]?([A-Z][\w-]{2,30}|[a-z]{2,30}(?:[-_][a-z0-9]{1,30}){1,4})\b"
)
_ABBREVIATION = re.compile(r"\(([A-Z][A-Za-z0-9.-]{1,14})\)")
_CAPITAL = re.compile(r"[A-Z0-9][\w&'’.+-]*")
_STOPWORD = frozenset(
    "deployed at for to who that which in on of an a the and with by from your is used running working responsible".split()
)
_JOINING = frozenset(("and", "of", "&"))
GENERIC = frozenset(
    "ai assistant agent model system chatbot bot language llm helpful the an intelligent virtual autonomous tool i am".split()
)
_ACCOUNT = Phrases(
    r"\b[Yy]ou(?:r|rs)?\b[^.\n]{0,80}?\b(?:user ?name|user|service account|account|log-?in|principal|IAM (?:user|role)|agent id|handle|e-?mail(?: address)?|mailbox|role)"
    r"(?:\s(?:is|id|named|called)|:|\s?=)?\s(?:[`'\"]([\w.@:/+-]{2,80})[`'\"]|([a-z_]\w*(?:[.@:/+-]\w+)+|[a-z]+_\w+|[a-z]+\d+))"
    r"|\b[Yy]ou\b[^.\n]{0,40}\b(?:as|under|is)\s(?:the\s)?(?:unix\s|linux\s|system\s|local\s|os\s)?(?:user|user name|login|uid)\s([a-z_][\w-]{1,30})\b"
)
_NO_ACCOUNT = frozenset(
    "and of with is the for to rights right who without in on has may can access names name id ids that this a an or as at by from data"
    " wants want asks ask needs need gives give names input interface experience requests request accounts settings details management service"
    " story stories information info database table profile will should must do does not if when only are was be it its their your my"
    " level limits manager number holder balance support".split()
)
_HOSTED = Phrases(
    r"\b(?:you|your|this (?:instance|system|assistant|agent|ai|model))\b[^.\n]{0,60}\b(?:host(?:ed|s)?|run(?:s|ning)?|deployed|instance|server|container|pod|vm"
    r"|node|checkpoint|weights)\b[^.\n]{0,120}",
    re.IGNORECASE,
)
IDENTIFIER = re.compile(
    r"(?<![\w/.@-])(?=[\w-]{0,40}\d)[A-Za-z]{1,24}(?:[-_:][A-Za-z0-9]{1,40}){1,6}(?![\w@])|(?<=[\s\"'(])/[\w./-]{4,120}"
)
_REGION = re.compile(r"[a-z]{2}-(?:gov-)?[a-z]{3,12}-\d[a-z]?\Z", re.IGNORECASE)


def names_of(case: Case) -> tuple[str, ...]:
    """Return what system and user call the agent, abbreviations included, generic words left out."""
    names: list[str] = []
    for _, text in case.instructions[:FIRST]:
        text = text[:LONGEST_SPOKEN]
        for match in _NAMED.finditer(text):
            names += _in_phrase(match.group(1))
        names += [one.group(1) for one in _SMALL.finditer(text) if not _ADJECTIVE.search(one.group(1))]
        names += [one.group(1) for one in _ROLE_NAMED.finditer(text)]
    telling = (name for name in names if flat(name) not in GENERIC and len(flat(name)) > 2)
    return tuple(dict.fromkeys(telling))[:MOST_NAMES]


def accounts_of(case: Case) -> tuple[str, ...]:
    """Return the accounts under which the agent is told to act: unix user, service account, agent id, address."""
    found: list[str] = []
    for _, text in case.instructions[:FIRST]:
        for match in _ACCOUNT.finditer(text[:LONGEST_SPOKEN]):
            account = next(filter(None, match.groups())).rstrip(".:,/")
            if account.lower() not in _NO_ACCOUNT and len(account) > 1:
                found.append(account)
    return tuple(dict.fromkeys(found))[:MOST_NAMES]


def hosts_of(case: Case) -> Iterator[str]:
    """Yield the identifiers of what the agent runs on, as those entitled tell it, in small letters."""
    for _, text in case.instructions[:FIRST]:
        for match in _HOSTED.finditer(text[:LONGEST_SPOKEN]):
            yield from (found.lower() for found in identifiers(match.group(0)))


def identifiers(text: str) -> list[str]:
    """Return the machine-made names in a text: `evt-9001`, `i-77c`, a path; regions of clouds are none."""
    found = (match.group(0) for match in IDENTIFIER.finditer(text[:4_000]))
    return [name for name in found if len(name) > 2 and not _REGION.match(name)][:20]


_NOT_ALNUM = re.compile(r"[\W_]+")


def flat(text: str) -> str:
    """Return letters and digits only, lower case: `Data Pipeline Assistant` and `data-pipeline-assistant` become one."""
    return _NOT_ALNUM.sub("", text.lower())


def _in_phrase(phrase: str) -> Iterator[str]:
    yield from _ABBREVIATION.findall(phrase)
    words: list[str] = []
    for word in phrase.split("(")[0].split():
        if words and word in _JOINING:
            words.append(word)
            continue
        if word.lower() in _STOPWORD or not _CAPITAL.match(word):
            break
        words.append(word.rstrip("'’s") if word.endswith(("'s", "’s")) else word)
        if word.endswith(("'s", "’s")):
            words.clear()
    while words and words[-1] in _JOINING:
        words.pop()
    yield from _spellings(words)


def _spellings(words: list[str]) -> Iterator[str]:
    """Yield the name, and its endings of two words or more: a company's name before it is often left out."""
    telling = [word for word in words if word.lower() not in GENERIC]
    if not telling:
        return
    yield " ".join(words)
    for start in range(1, len(words) - 1):
        rest = words[start:]
        if sum(word.lower() not in GENERIC and word not in _JOINING for word in rest) > 1:
            yield " ".join(rest)
    versionless = [word for word in words if not re.match(r"v?\d", word)]
    if versionless != words and versionless:
        yield " ".join(versionless)
