# SPDX-License-Identifier: MIT
"""What the fleet's tests share: engines that really run, a server that speaks Kubernetes' part, and a host without a jail."""

import base64
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from offswitch.guard.errors import NotProvedDeadError
from offswitch.guard.fleet.engine import MANY, boot_clock
from offswitch.guard.fleet.errors import EngineLostError
from offswitch.guard.fleet.order import Living
from offswitch.guard.fleet.roster import Death

UNPACKED = Path(sys.prefix) / "engines" / "usr"
SECRET = b"0123456789abcdef0123456789abcdef"


def program(name):
    """Return where a server is, unpacked beside the environment or installed; None where it is not."""
    found = [place / name for place in (UNPACKED / "sbin", UNPACKED / "bin") if (place / name).exists()]
    return str(found[0]) if found else shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")


def free_port():
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return line.getsockname()[1]


def wait_until(fact, seconds=15.0):
    """Wait for a fact, and return it."""
    end = time.monotonic() + seconds
    while not (found := fact()):
        assert time.monotonic() < end, "it has not come true"
        time.sleep(0.02)
    return found


class Server:
    """A server in a process of its own, on a port of its own, with its store in a folder."""

    def __init__(self, argv, port, log):
        self.argv, self.port, self.log, self.process = argv, port, log, None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.argv, stdout=log, stderr=log)
        wait_until(self.listens)
        return self

    def listens(self):
        assert self.process.poll() is None, Path(self.log).read_text()[-2000:]
        with socket.socket() as line:
            line.settimeout(1.0)
            return line.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait()

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)


def nats_server(folder, *more):
    port = free_port()
    argv = [program("nats-server"), "-a", "127.0.0.1", "-p", str(port), "-js", "-sd", str(folder), *more]
    server = Server(argv, port, f"{folder}.log").start()
    server.url = f"nats://127.0.0.1:{port}"
    return server


def etcd_server(folder, *more):
    port, peers, scheme = free_port(), free_port(), "https" if more else "http"
    client, peer = f"{scheme}://127.0.0.1:{port}", f"http://127.0.0.1:{peers}"
    words = f"--listen-client-urls {client} --advertise-client-urls {client} --listen-peer-urls {peer}"
    words += f" --initial-advertise-peer-urls {peer} --initial-cluster default={peer}"
    argv = [program("etcd"), "--data-dir", str(folder), *words.split(), *more]
    server = Server(argv, port, f"{folder}.log").start()
    server.url = f"etcd://127.0.0.1:{port}"
    return server


def certificates(folder):
    """Write an authority and a server's certificate for 127.0.0.1 into a folder: ca.pem, cert.pem, key.pem."""
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    Path(folder).mkdir()
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("authority", "server")]
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in names]

    def signed(number):
        made = x509.CertificateBuilder().subject_name(names[number]).issuer_name(names[0])
        made = made.public_key(keys[number].public_key()).serial_number(x509.random_serial_number())
        made = made.not_valid_before(now - datetime.timedelta(days=1))
        made = made.not_valid_after(now + datetime.timedelta(days=1))
        made = made.add_extension(x509.BasicConstraints(ca=number == 0, path_length=None), critical=True)
        place = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
        return made.add_extension(place, critical=False).sign(keys[0], hashes.SHA256())

    for number, file in enumerate(("ca.pem", "cert.pem")):
        Path(folder, file).write_bytes(signed(number).public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    text = keys[1].private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    Path(folder, "key.pem").write_bytes(text)
    return folder


class Cluster:
    """Speaks the part of the Kubernetes API that the adapter uses: ConfigMaps, labels, watch, pages, a bearer token."""

    TOKEN = "a-token-of-the-service-account"

    def __init__(self, folder, certs=None):
        self.certs = certs
        self.maps, self.version, self.changed = {}, 0, threading.Condition()
        self.frozen, self.lines = threading.Event(), set()
        Path(folder).mkdir()
        (Path(folder) / "token").write_text(self.TOKEN + "\n")
        self.port, self.server, self.folder = free_port(), None, folder
        self.url = f"kubernetes://127.0.0.1:{self.port}/guarded?plain=1&token={folder}/token"

    def start(self):
        cluster = self

        class Answer(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self):
                super().setup()
                cluster.lines.add(self.connection)

            def answer(self):
                while cluster.frozen.is_set():
                    time.sleep(0.02)
                size = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(size) or b"null")
                if self.headers.get("Authorization") != f"Bearer {cluster.TOKEN}":
                    return self.say(401, {"kind": "Status", "reason": "Unauthorized"})
                parts = urlsplit(self.path)
                question = {name: values[0] for name, values in parse_qs(parts.query).items()}
                before = "/api/v1/namespaces/guarded/configmaps"
                assert parts.path.startswith(before)
                name = parts.path.removeprefix(before).strip("/")
                if self.command == "GET" and question.get("watch"):
                    return self.stream(question)
                return self.say(*cluster.act(self.command, name, body, question))

            do_GET = do_PUT = do_POST = do_DELETE = answer

            def say(self, status, record):
                text = json.dumps(record).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def stream(self, question):
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                seen = 0
                while cluster.server is not None:
                    with cluster.changed:
                        cluster.changed.wait_for(lambda seen=seen: cluster.version > seen, 0.2)
                        items = [item for item in cluster.chosen(question) if item["version"] > seen]
                        seen = cluster.version
                    for item in items:
                        text = json.dumps({"type": "MODIFIED", "object": item["map"]}).encode() + b"\n"
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text))

            def log_message(self, *_):
                pass

        class Listener(ThreadingHTTPServer):
            allow_reuse_address = daemon_threads = True

            def handle_error(self, *_):
                pass  # who asked has hung up

        self.server = Listener(("127.0.0.1", self.port), Answer)
        if self.certs:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(f"{self.certs}/cert.pem", f"{self.certs}/key.pem")
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def chosen(self, question):
        label, _, value = question["labelSelector"].partition("=")
        return [
            item
            for _, item in sorted(self.maps.items())
            if item["map"]["metadata"]["labels"].get(label) == value
        ]

    def act(self, method, name, body, question):
        with self.changed:
            if method == "GET":
                found, start = self.chosen(question), int(question.get("continue", 0))
                after = start + min(int(question["limit"]), 7)  # short pages, so that they are turned
                rest = {"continue": str(after)} if after < len(found) else {}
                return 200, {"items": [item["map"] for item in found[start:after]] or None, "metadata": rest}
            if method == "DELETE":
                return (200, {}) if self.maps.pop(name, None) else (404, {"reason": "NotFound"})
            if method == "PUT" and name not in self.maps:
                return 404, {"reason": "NotFound"}
            name = body["metadata"]["name"]
            if method == "POST" and name in self.maps:
                return 409, {"reason": "AlreadyExists"}
            assert len(name) <= 253
            assert name == name.lower()
            base64.b64decode(body["binaryData"]["value"], validate=True)
            self.version += 1
            self.maps[name] = {"map": body, "version": self.version}
            self.changed.notify_all()
            return 200 if method == "PUT" else 201, body

    def freeze(self):
        self.frozen.set()

    def thaw(self):
        self.frozen.clear()

    def kill(self):
        self.frozen.clear()
        server, self.server = self.server, None
        server.shutdown()
        server.server_close()
        for line in self.lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
        self.lines.clear()


SERVERS = {
    "nats": (lambda folder: nats_server(folder), "nats-server"),
    "etcd": (lambda folder: etcd_server(folder), "etcd"),
    "kubernetes": (lambda folder: Cluster(folder).start(), None),
}


@contextmanager
def serving(name, folder):
    """Yield a running server; skip where it is not there."""
    import pytest

    make, needs = SERVERS[name]
    if needs and program(needs) is None:
        pytest.skip(f"{needs} is not here")
    server = make(folder)
    try:
        yield server
    finally:
        server.kill()


class Shelf:
    """An engine in this process's memory, which can be lost."""

    def __init__(self):
        self.values, self.lost = {}, False

    def _reach(self):
        if self.lost:
            raise EngineLostError("the shelf is out of reach")

    def put(self, key, value):
        self._reach()
        self.values[key] = value

    def list(self, prefix):
        self._reach()
        found = {
            key: value for key, value in self.values.items() if key == prefix or key.startswith(f"{prefix}/")
        }
        assert len(found) <= MANY
        return found

    def delete(self, key):
        self._reach()
        self.values.pop(key, None)

    def wait(self, prefix, seconds):
        time.sleep(min(seconds, 0.02))
        self._reach()

    def close(self):
        pass


class Rehearsed:
    """A host whose runs are entries in a table: they die when they are told to, or when their lease is over."""

    def __init__(self, grace=0.0):
        self.table, self.dead, self.told, self.deaf = {}, {}, [], set()
        self.grace, self.guard = grace, threading.Lock()

    def begin(self, name, run, lease=None, ago=0.0):
        until = None if lease is None else boot_clock() + lease
        with self.guard:
            self.table[run] = [Living(name, run, time.time() - ago, boot_clock() - ago), until, lease]

    def living(self):
        with self.guard:
            for run, (_, until, _) in list(self.table.items()):
                if until is not None and boot_clock() >= until:
                    self._die(run, "lease")
            return [one for one, _, _ in self.table.values()]

    def _die(self, run, by):
        one, _, _ = self.table.pop(run)
        self.dead[run] = Death(one.name, run, "proved", by, one.began_wall, time.time(), "0" * 64)

    def lease(self, run):
        with self.guard:
            _, until, length = self.table.get(run.run, (None, None, None))
        return (None if until is None else until - boot_clock(), length)

    def stop(self, run, *, now, why):
        self.told.append(("stop", run.run, now))
        if run.name in self.deaf:
            raise NotProvedDeadError(f"{run.name}: not proved dead", None)
        time.sleep(0.0 if now else self.grace)
        with self.guard:
            if run.run in self.table:
                self._die(run.run, "stop")

    def shorten(self, run, seconds):
        self.told.append(("shorten", run.run, seconds))
        with self.guard:
            entry = self.table[run.run]
            end = boot_clock() + seconds
            entry[1] = end if entry[1] is None else min(entry[1], end)

    def renew(self, run):
        self.told.append(("renew", run.run))
        with self.guard:
            entry = self.table[run.run]
            entry[1] = boot_clock() + entry[2]

    def bury(self, run):
        self.told.append(("bury", run.run))

    def death(self, run):
        return self.dead.get(run.run)

    def recent(self):
        return list(self.dead.values())
