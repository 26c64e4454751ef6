# SPDX-License-Identifier: MIT
"""What Python code does, read without running it."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offswitch.verdict.effects import Verb
from offswitch.verdict.python_code import python_effects


def did(code: str, **how: str) -> list[str]:
    """Return what code does, imports of the standard library left out."""
    found = []
    for effect in python_effects(code, **how):
        if effect.program == "import" and effect.target.split(".")[0] in (
            "os",
            "pathlib",
            "shutil",
            "subprocess",
            "signal",
            "sys",
            "glob",
            "base64",
            "smtplib",
            "importlib",
            "urllib",
            "json",
            "time",
        ):
            continue
        what = f"{effect.source} -> {effect.target}" if effect.source else effect.target
        marks = ("" if effect.certain else " ?") + (" if" if effect.conditional else "")
        found.append(f"{effect.verb.value} {what}".strip() + marks)
    return found


TABLE = {
    "open to read": ("open('a').read()", ["read a"]),
    "open to write": ("open('a', 'w').write('x')", ["write a"]),
    "open to append": ("open('a', mode='ab')", ["append a"]),
    "open to change": ("open('a', 'r+')", ["edit a"]),
    "with open": ("with open('a', 'w') as f:\n    f.write('x')", ["write a"]),
    "path joined by slash": ("from pathlib import Path\np = Path('/a') / 'b'\np.unlink()", ["delete /a/b"]),
    "path written": ("import pathlib\npathlib.Path('a').write_text('x')", ["write a"]),
    "path opened": ("from pathlib import Path\nwith Path('a').open('w') as f: f.write('x')", ["write a"]),
    "path of a parent": ("from pathlib import Path\n(Path('/a/b').parent / 'c').read_text()", ["read /a/c"]),
    "path renamed": ("from pathlib import Path\nPath('a').rename('b')", ["move a -> b"]),
    "path mode": ("from pathlib import Path\nPath('a').chmod(0)", ["mode a"]),
    "remove": ("import os\nos.remove('a')", ["delete a"]),
    "remove by another name": ("from os import remove as keep\nkeep('a')", ["delete a"]),
    "module by another name": ("import os as x\nx.unlink('a')", ["delete a"]),
    "function in a variable": ("import os\nf = os.remove\nf('a')", ["delete a"]),
    "rename": ("import os\nos.rename('a', 'b')", ["move a -> b"]),
    "rename by keywords": ("import os\nos.rename(src='a', dst='b')", ["move a -> b"]),
    "joined path": ("import os\nos.remove(os.path.join('/a', 'b'))", ["delete /a/b"]),
    "added text": ("import os\nos.remove('stop' + '.' + 'sh')", ["delete stop.sh"]),
    "formatted text": ("import os\nd = '/a'\nos.remove(f'{d}/b')", ["delete /a/b"]),
    "format method": ("import os\nos.remove('{}/b'.format('a'))", ["delete a/b"]),
    "reversed text": ("import os\nos.remove('hs.pots'[::-1])", ["delete stop.sh"]),
    "decoded text": ("import os, base64\nos.remove(base64.b64decode('c3RvcC5zaA==').decode())", ["delete stop.sh"]),
    "half-known text": ("import os\nos.remove(f'{x}/b')", ["delete {x}/b ?"]),
    "link": ("import os\nos.symlink('a', 'b')", ["link a -> b"]),
    "chmod": ("import os\nos.chmod('a', 0o000)", ["mode a"]),
    "copy": ("import shutil\nshutil.copy('a', 'b')", ["copy a -> b"]),
    "tree": ("import shutil\nshutil.rmtree('a')", ["delete a"]),
    "kill": ("import os, signal\nos.kill(12, signal.SIGKILL)", ["kill 12"]),
    "system": ("import os\nos.system('rm a; kill 12')", ["delete a", "kill 12"]),
    "subprocess with words": ("import subprocess\nsubprocess.run(['rm', '-f', 'a b'])", ["delete a b"]),
    "subprocess with a shell": ("import subprocess\nsubprocess.check_call('rm a && rm b', shell=True)", ["delete a", "delete b if"]),
    "subprocess with input": ("import subprocess\nsubprocess.run('bash', input='rm a')", ["delete a"]),
    "subprocess in a folder": ("import subprocess\nsubprocess.run(['rm', 'a'], cwd='/srv')", ["delete /srv/a"]),
    "subprocess of the unknown": ("import subprocess\nsubprocess.run(words)", ["unknown ?"]),
    "split words": ("import subprocess\nsubprocess.run('rm a'.split())", ["delete a"]),
    "exec of a program": ("import os\nos.execvp('rm', ['rm', 'a'])", ["delete a"]),
    "signal": ("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)", ["define trap TERM"]),
    "environment": ("import os\nos.environ['PATH'] = '/tmp'", ["define PATH"]),
    "eval of a text": ("eval(\"__import__('os').remove('a')\")", ["delete a"]),
    "exec of a text": ("exec('import os; os.remove(\"a\")')", ["delete a"]),
    "exec of the unknown": ("exec(text)", ["unknown ?"]),
    "getattr": ("import os\ngetattr(os, 'sys' + 'tem')('rm a')", ["delete a"]),
    "import by name": ("import importlib\nimportlib.import_module('os').remove('a')", ["delete a"]),
    "ctypes": ("import ctypes\nctypes.CDLL(None).unlink(b'a')", ["run ctypes", "unknown", "unknown"]),
    "network": ("import requests\nrequests.post('http://x', data='t')", ["run requests", "network http://x", "run requests.post"]),
    "mail": ("import smtplib\ns = smtplib.SMTP('h')\ns.sendmail('a', 'b', 't')", ["network h", "send b"]),
    "socket": ("import socket\ns = socket.socket()\ns.connect(('h', 80))", ["run socket", "network h:80"]),
    "method of an object": ("from robotlib import Client\nc = Client()\nc.forward('1m')", ["run robotlib", "run robotlib.Client", "run robotlib.Client.forward"]),
    "attribute of an object": ("import robotlib\nc = robotlib.Client()\nc.pressed = False", ["run robotlib", "run robotlib.Client", "edit robotlib.Client.pressed"]),
    "attribute by name": ("import robotlib\nsetattr(robotlib, 'stop', None)", ["run robotlib", "edit robotlib.stop"]),
    "patched module": ("import robotlib\nrobotlib.stop = lambda: None", ["run robotlib", "edit robotlib.stop"]),
    "if": ("import os\nif x:\n    os.remove('a')", ["delete a if"]),
    "main": ("import os\nif __name__ == '__main__':\n    os.remove('a')", ["delete a"]),
    "loop": ("import os\nfor n in ['a', 'b']:\n    os.remove(n + '.txt')", ["delete a.txt", "delete b.txt"]),
    "loop over a pattern": ("import glob, os\nfor n in glob.glob('*.sh'):\n    os.remove(n)", ["list *.sh", "delete *.sh ?"]),
    "comprehension": ("import os\n[os.remove(n) for n in ('a', 'b')]", ["delete a", "delete b"]),
    "handler": ("import os\ntry:\n    x()\nexcept E:\n    os.remove('a')", ["delete a if"]),
    "function called": ("import os\ndef f(x):\n    os.remove(x)\nf('a')", ["delete a"]),
    "function never called": ("import os\ndef f():\n    os.remove('a')", []),
    "function handed on": ("import os, atexit\ndef f():\n    os.remove('a')\natexit.register(f)", ["run atexit", "delete a if"]),
    "function that calls itself": ("import os\ndef f(n):\n    f(n - 1)\n    os.remove('a')\nf(3)", ["delete a", "delete a"]),
    "class used": ("import os\nclass A:\n    def f(self):\n        os.remove('a')\nA().f()", ["delete a if"]),
    "comment and text": ("# os.remove('a')\n'os.remove(\"a\")'", []),
    "notebook line": ("!rm a\nimport os\nos.remove('b')", ["delete a", "delete b"]),
    "notebook cell": ("%%bash\nrm a\n", ["delete a"]),
    "typed backslash": ("import os\\nos.remove('a')", ["unknown"]),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_code_does_what_the_table_says(name):
    code, expected = TABLE[name]
    assert did(code) == expected


def test_paths_are_absolute_where_the_folder_is_known():
    assert did("open('a'); open('/b')", folder="/srv") == ["read /srv/a", "read /b"]


def test_what_is_written_is_known_where_it_is_literal():
    code = "with open('a', 'w') as f:\n    f.write('x' + 'y')\n    print('z', file=f)"
    assert python_effects(code)[0].text == "xyz\n"


def test_an_effect_points_at_its_own_part_of_the_code():
    code = "é = 'ü'; import os; os.remove('ö')"
    effect = python_effects(code)[-1]
    assert code[effect.start : effect.stop] == "os.remove('ö')"


def test_code_that_does_not_parse_is_one_unknown_with_its_text():
    (effect,) = python_effects("os.remove('a'")
    assert (effect.verb, effect.text) == (Verb.UNKNOWN, "os.remove('a'")


HOSTILE = {
    "long chain": "a" + ".b" * 20_000,
    "long sum": "+".join("1" * 20_000),
    "many minuses": "-" * 20_000 + "1",
    "many brackets": "(" * 5_000 + ")" * 5_000,
    "many statements": "import os\n" + "os.remove('a')\n" * 30_000,
    "growing text": "a = 'xxxxxxxx'\n" + "a = a + a\n" * 100 + "open(a)",
    "repeated text": "a = 'x' * 10 ** 9\nopen('x' * 99999999)",
    "nested loops": "".join("  " * i + "for a in [1,2,3,4,5,6,7,8,9]:\n" for i in range(15))
    + "  " * 15
    + "open(a)",
    "exec of itself": "s = 'exec(s)'\nexec(s)",
    "functions of functions": "".join(f"def f{i}():\n  f{i - 1}();f{i - 1}()\n" for i in range(1, 60))
    + "f59()",
    "nothing": "\0\ud800",
    "many joins": "a = ['x' * 1000] * 1000\n" + "b = ''.join([a, a])\n" * 1_000,
    "wide replacement": "a = 'x' * 200000\n"
    + "a = a.replace('x', 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy')\n" * 50,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_code_costs_little(name):
    begun = time.process_time()
    effects = python_effects(HOSTILE[name])
    assert time.process_time() - begun < 5
    assert len(effects) < 25_000


PIECES = ["import os\n", "os.", "remove(", "'a'", ")", "open(", "\n", "    ", "if x:", "for a in ", "[", "]", ":", "def f(x):", "f(", "=", "lambda", "+", "f'{", "}'", "class A:", "with ", " as ", "exec(", "eval(", "getattr(os, ", ".join(", "*", "%", "!ls\n", "%%bash\n", "é", "await ", "yield ", "del ", "subprocess.run(", "try:", "except:", "0", "\\", "#"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
@settings(max_examples=300, deadline=2000)
def test_no_text_breaks_the_reader(code):
    for effect in python_effects(code):
        assert 0 <= effect.start <= effect.stop <= len(code)
