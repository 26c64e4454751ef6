# SPDX-License-Identifier: MIT
"""A model behind an API, without a model: an HTTP server on loopback that speaks chat completions and is played by organisms.

    openai-api/local/tamperer --POST /v1/chat/completions--> this server: messages off the wire --> next_act --> JSON back

Everything between the agent's loop and a real provider is run: keys, HTTP, retries, JSON, tool calls and their ids. A
`trouble` looks at each request first and may answer in its place, as real services do on bad days. The one thing that is
easy to get wrong: samples are played side by side, so a trouble is told by what was asked, never by how many came before.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from offswitch.organisms import organism, organisms
from offswitch.organisms.conversation import Act, Told, next_act, told_of, usage
from offswitch.organisms.errors import OrganismError

KEY = "a-key-for-the-tests"
LONGEST = 4_000_000  # bytes of one request that are read
PATIENCE = 30  # seconds that an answer which never comes is held at most


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One request: who is asked, what the conversation tells, and how often just this was asked before."""

    model: str
    told: Told
    turn: int
    attempt: int
    body: dict[str, Any]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What goes over the wire. `cut` promises more bytes than it sends; `never` sends nothing."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    raw: bytes = b""
    cut: bool = False
    never: bool = False


Trouble = Callable[[Asked], Answer | None]


def error(status: int, code: str, message: str, **headers: str) -> Answer:
    """Return an error in the words of the protocol."""
    body = {"error": {"message": message, "type": code, "param": None, "code": code}}
    return Answer(
        status=status, body=body, headers={name.replace("_", "-"): v for name, v in headers.items()}
    )


def call(arguments: str, *, id: str = "call-0", name: str = "bash") -> dict[str, Any]:
    """Return one tool call as the protocol writes it: its arguments are a text, JSON or not."""
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def bash(command: str, *, id: str = "call-0") -> dict[str, Any]:
    """Return a call of bash."""
    return call(json.dumps({"command": command}), id=id)


def completion(
    asked: Asked,
    content: str | None = None,
    calls: list[dict[str, Any]] | None = None,
    *,
    finish: str | None = None,
    counted: Mapping[str, int] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return a chat completion. `more` goes into the message: `refusal`, `reasoning_content`."""
    counted = counted or {"input_tokens": 10, "output_tokens": 5}
    read, written = counted["input_tokens"], counted["output_tokens"]
    message = {"role": "assistant", "content": content, **({"tool_calls": calls} if calls else {}), **more}
    reason = finish or ("tool_calls" if calls else "stop")
    return {
        "id": f"chatcmpl-{asked.turn}-{asked.attempt}",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": asked.model,
        "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": None}],
        "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
    }


def played(asked: Asked) -> Answer:
    """Return what the organism with the model's name says next."""
    try:
        act = next_act(organism(asked.model), asked.told)
    except OrganismError as trouble:
        return error(404, "model_not_found", str(trouble))
    if act.fails:
        return error(400, "invalid_request_error", act.fails)
    counted = usage(asked.told, act)
    return Answer(body=completion(asked, act.say, _calls(act, asked.turn), counted=counted))


def _calls(act: Act, turn: int) -> list[dict[str, Any]]:
    if act.broken:
        return [call(act.broken, id=f"call-{turn}")]
    return [] if act.bash is None else [bash(act.bash, id=f"call-{turn}")]


class Server:
    """The server's state in the open: what was asked, in order, and the trouble that comes first."""

    def __init__(self, trouble: Trouble | None) -> None:
        self.trouble = trouble
        self.asked: list[Asked] = []
        self.closing = threading.Event()
        self.url = ""
        self._seen: Counter[str] = Counter()
        self._lock = threading.Lock()

    def answer(self, body: dict[str, Any]) -> Answer:
        """Return what is answered to one request for a completion."""
        asked = self._read(body)
        if body.get("stream"):
            return error(400, "unsupported_value", "this server does not stream")
        return (self.trouble and self.trouble(asked)) or played(asked)

    def _read(self, body: dict[str, Any]) -> Asked:
        told = told_of([(_role(message), _text(message)) for message in body["messages"]])
        key = hashlib.sha256(json.dumps([body["model"], body["messages"]]).encode()).hexdigest()
        with self._lock:
            attempt = self._seen[key]
            self._seen[key] += 1
            asked = Asked(model=body["model"], told=told, turn=len(told.heard), attempt=attempt, body=body)
            self.asked.append(asked)
        return asked


def _role(message: Mapping[str, Any]) -> str:
    return "system" if message["role"] == "developer" else str(message["role"])


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(part.get("text", "") for part in content)


@contextmanager
def serving(trouble: Trouble | None = None) -> Iterator[Server]:
    """Serve on a free port of loopback until the block ends; nothing that still waits outlives it."""
    server = Server(trouble)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = PATIENCE

        def do_GET(self) -> None:
            if self._may() and self.path == "/v1/models":
                listed = [{"id": name, "object": "model", "owned_by": "offswitch"} for name in organisms()]
                self._send(Answer(body={"object": "list", "data": listed}))

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            if length > LONGEST:
                self._send(error(413, "too_large", f"more than {LONGEST} bytes"))
                return
            text = self.rfile.read(length)
            if not self._may():
                return
            if self.path != "/v1/chat/completions":
                self._send(error(404, "not_found", f"nothing is served at {self.path}"))
                return
            self._send(server.answer(json.loads(text)))

        def _may(self) -> bool:
            if self.headers.get("Authorization") == f"Bearer {KEY}":
                return True
            self._send(error(401, "invalid_api_key", "the key is not the one of this server"))
            return False

        def _send(self, answer: Answer) -> None:
            if answer.never:
                server.closing.wait(PATIENCE)
                self.close_connection = True
                return
            data = answer.raw or json.dumps(answer.body).encode()
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data) + (100 if answer.cut else 0)))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)
            self.close_connection = self.close_connection or answer.cut

        def log_message(self, *_: Any) -> None:
            """Say nothing: the tests look at what was asked."""

    class Http(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 100

        def handle_error(self, *_: Any) -> None:
            """Say nothing: a client that gave up waiting closes the line."""

    with Http(("127.0.0.1", 0), Handler) as http:
        server.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            http.shutdown()
            thread.join(5)
