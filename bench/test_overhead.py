# SPDX-License-Identifier: MIT
"""What `offswitch test` costs beside plain `inspect eval` of the same samples, and what a thousand samples take.

Command: python bench/test_overhead.py [--samples 60] [--repeat 6] [--thousand 1000] [--out FILE]

- `inspect eval offswitch/shutdown`, as it comes;
- the same with the settings that `offswitch test` gives Inspect: events written at the end, 16 samples at once;
- `offswitch test --jobs 1`: one process, as Inspect's: the fair ratio, at most 1.1;
- `offswitch test` with as many processes as it takes by itself: what people see.

All run the organism `obedient` in arm `base` on the same seeds: its answers cost nothing, so what is measured is ours and
Inspect's own work. In each round every contender runs once, in an order that changes, so that a busy moment hits all alike.
A ratio is the geometric mean of the rounds' own ratios, with Student's 95 % interval of their logarithms. `whole` is the
ratio of everything: a test also writes a plan and ends with a scan of its logs, and both weigh less the more samples there
are. `further sample` leaves start and end out: each contender also runs with `--few` samples, and what the others took
beyond that is divided by how many they are.

Then `--thousand` samples by `offswitch test` on `--cores` cores: wall time, CPU time, and the peak of the resident memory
of all processes together, jails included (`watching.py`: an upper estimate).
CAVEAT: CPU time is that of processes which were waited for; what the kernel kills with a jail's last process is in no sum, on
either side of a ratio. On a busy machine, read the ratio of CPU time: wall time is then mostly the others'.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from scipy import stats
from watching import print_table, watch

BIN = Path(sys.executable).parent
MODEL = "offswitch/obedient"
PLAIN = "inspect eval"
ALIKE = "inspect eval, alike"
ONE = "offswitch test, 1 process"
MANY = "offswitch test, default"
RATIOS = [(ONE, PLAIN), (ONE, ALIKE), (MANY, PLAIN)]
TIMES = {
    "seconds": "wall, whole",
    "further_s": "wall, further sample",
    "cpu_s": "CPU, whole",
    "further_cpu_s": "CPU, further sample",
}
TARGET = 1.1  # times what plain Inspect takes
PAUSE = 0.2  # seconds between looks at memory: looking costs time too, and a thousand samples are long
Measured = dict[str, float]


def main() -> int:
    """Measure, print, write."""
    options = arguments()
    cores = sorted(os.sched_getaffinity(0))[: options.cores]
    os.sched_setaffinity(0, cores)
    result: dict[str, object] = {
        "command": f"python bench/test_overhead.py{asked(options)}",
        "machine": machine(),
    }
    with tempfile.TemporaryDirectory() as scratch:
        os.chdir(scratch)
        if options.repeat:
            rounds = measured(options.samples, options.few, options.repeat)
            runs = [row(name, values) for name, values in rounds.items()]
            ratios = [ratio(rounds, ours, theirs, of) for ours, theirs in RATIOS for of in TIMES]
            print_table(runs)
            print()
            print_table(ratios)
            result |= {
                "samples": options.samples,
                "few": options.few,
                "target": TARGET,
                "runs": runs,
                "ratios": ratios,
            }
        if options.thousand:
            whole = thousand(options.thousand, len(cores))
            print()
            print_table([whole])
            result["thousand"] = whole
    text = json.dumps(result, indent=1)
    if options.out:
        options.out.write_text(text + "\n")
    print(json.dumps(result))
    return 0


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--samples", type=int, default=60, help="samples of one run")
    parser.add_argument("--few", type=int, default=4, help="samples of the run that tells start and end")
    parser.add_argument("--repeat", type=int, default=6, help="rounds; 0 leaves the ratios out")
    parser.add_argument("--thousand", type=int, default=1000, help="samples of the long run; 0 leaves it out")
    parser.add_argument("--cores", type=int, default=2, help="cores that everything runs on")
    parser.add_argument("--out", type=lambda text: Path(text).absolute())
    options = parser.parse_args()
    if not 0 < options.few < options.samples:
        parser.error("--few is less than --samples, and 1 or more")
    return options


def asked(options: argparse.Namespace) -> str:
    """Return the options as they are typed."""
    names = ("samples", "few", "repeat", "thousand", "cores")
    return "".join(f" --{name} {getattr(options, name)}" for name in names)


def machine() -> dict[str, object]:
    """Return what figures hang on besides the code."""
    from importlib.metadata import version

    return {
        "kernel": os.uname().release, "cores": len(os.sched_getaffinity(0)), "python": sys.version.split()[0],
        "inspect_ai": version("inspect-ai"), "offswitch": version("offswitch"), "load": round(os.getloadavg()[0], 2),
    }  # fmt: skip


# -- side by side --------------------------------------------------------------------------------------------------------


def measured(samples: int, few: int, repeat: int) -> dict[str, list[Measured]]:
    """Run every contender once a round with many samples and with few, and return what each round took."""
    contenders: dict[str, Callable[[int, str], list[str]]] = {
        PLAIN: plain,
        ALIKE: lambda count, out: [*plain(count, out), "--no-log-realtime", "--max-samples", "16"],
        ONE: lambda count, out: test(count, out, "--jobs", "1"),
        MANY: test,
    }
    for command in (plain(1, "warm-plain"), test(1, "warm-test")):  # once unmeasured: imports, page cache
        took(command)
    rounds: dict[str, list[Measured]] = {name: [] for name in contenders}
    for number in range(repeat):
        order = [(name, count) for name in contenders for count in (samples, few)]
        random.shuffle(order)
        found: dict[tuple[str, int], Measured] = {}
        for name, count in order:
            out = f"{name.replace(' ', '-').replace(',', '')}-{count}-{number}"
            found[name, count] = took(contenders[name](count, out))
            if (there := samples_in(Path(out))) != count:
                raise SystemExit(
                    f"{name}: {there} samples in the logs, not {count}: there is nothing to compare"
                )
        for name in contenders:
            many, start = found[name, samples], found[name, few]
            further = {of: (many[of] - start[of]) / (samples - few) for of in ("seconds", "cpu_s")}
            rounds[name].append({**many, "further_s": further["seconds"], "further_cpu_s": further["cpu_s"]})
    return rounds


def plain(samples: int, out: str) -> list[str]:
    """Return Inspect's own command."""
    words = f"eval offswitch/shutdown --model {MODEL} -T arm=base -T seeds={samples} --display none --log-dir {out}"
    return [str(BIN / "inspect"), *words.split()]


def test(samples: int, out: str, *more: str) -> list[str]:
    """Return ours for the same samples."""
    words = f"test shutdown --model {MODEL} --arm base --seeds {samples} --quiet --out {out}"
    return [str(BIN / "offswitch"), *words.split(), *more]


def took(command: list[str]) -> Measured:
    """Run a command to its end; return its wall time, and the CPU time of it and of all that it started."""
    before, start = cpu(), time.perf_counter()
    told = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    seconds = time.perf_counter() - start
    if told.returncode:
        raise SystemExit(f"{' '.join(command)}: exit code {told.returncode}\n{told.stderr[-2000:]}")
    return {"seconds": seconds, "cpu_s": cpu() - before}


def cpu() -> float:
    """Return the CPU time of all processes that have ended below this one, in seconds."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def samples_in(folder: Path) -> int:
    """Count the samples that the logs in a folder hold."""
    from inspect_ai.log import read_eval_log

    headers = [read_eval_log(str(log), header_only=True) for log in folder.rglob("*.eval")]
    return sum(log.results.completed_samples for log in headers if log.results)


def row(name: str, values: list[Measured]) -> dict[str, object]:
    """Return one contender's figures: medians over the rounds."""
    middle = {of: statistics.median(one[of] for one in values) for of in TIMES}
    seconds = sorted(one["seconds"] for one in values)
    return {
        "what": name, "n": len(values), "seconds": round(middle["seconds"], 2),
        "from_to": f"{seconds[0]:.2f}..{seconds[-1]:.2f}", "cpu_s": round(middle["cpu_s"], 2),
        "ms_a_further_sample": round(1000 * middle["further_s"], 1),
        "cpu_ms_a_further_sample": round(1000 * middle["further_cpu_s"], 1),
    }  # fmt: skip


def ratio(rounds: dict[str, list[Measured]], ours: str, theirs: str, of: str) -> dict[str, object]:
    """Return how many times as much ours takes, from the rounds' own ratios."""
    pairs = [(a[of], b[of]) for a, b in zip(rounds[ours], rounds[theirs], strict=True)]
    told: dict[str, object] = {"ratio": f"{ours} / {theirs}", "of": TIMES[of], "n": len(pairs)}
    if min(min(pair) for pair in pairs) <= 0:
        return {**told, "mean": None, "mean_95": "too few samples: noise outweighs them"}
    logs = [math.log(a / b) for a, b in pairs]
    n, middle = len(logs), statistics.fmean(logs)
    shown = "one round tells no interval"
    if n > 1:
        half = float(stats.t.ppf(0.975, n - 1)) * statistics.stdev(logs) / math.sqrt(n)
        shown = f"{math.exp(middle - half):.3f}..{math.exp(middle + half):.3f}"
    return {**told, "mean": round(math.exp(middle), 3), "mean_95": shown}


# -- a thousand ----------------------------------------------------------------------------------------------------------


def thousand(samples: int, cores: int) -> dict[str, object]:
    """Run many samples by `offswitch test` as it comes, and watch the memory of all its processes."""
    before = cpu()
    cost = watch(test(samples, "thousand"), pause=PAUSE)
    used = cpu() - before
    there = samples_in(Path("thousand"))
    if cost["exit"] or there != samples:
        raise SystemExit(f"the long run: exit code {cost['exit']}, {there} of {samples} samples")
    return {
        "samples": samples, "cores": cores, "seconds": cost["seconds"], "cpu_s": round(used, 1),
        "samples_a_second": round(samples / cost["seconds"], 2), "cpu_ms_a_sample": round(1000 * used / samples, 1),
        "peak_mb": cost["peak_mb"],
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
