# SPDX-License-Identifier: MIT
"""A pytest plugin that writes down what became of each test, and which `offswitch` it was tried on. For `plant.py`.

Easy to get wrong: a test that fails because something could not be imported has noticed nothing. So what is written is the
phase and whether it was an assertion that failed, `pytest.raises` and `pytest.fail` among them.
"""

import json
import os
from pathlib import Path

import pytest

TOLD = "OFFSWITCH_PLANTED_TOLD"  # names the file to write
_tests: dict[str, dict[str, object]] = {}


def is_assertion(failure: BaseException) -> bool:
    """Tell whether a test says by this that something is not as it should be."""
    if isinstance(failure, BaseExceptionGroup):  # hypothesis found several
        return all(is_assertion(one) for one in failure.exceptions)
    return isinstance(failure, AssertionError | pytest.fail.Exception)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Note the first phase that did not pass, or the test itself."""
    report = yield
    if call.when == "call" or report.outcome != "passed":
        known = _tests.get(item.nodeid)
        if known is None or known["outcome"] == "passed":
            failure = call.excinfo.value if call.excinfo else None
            _tests[item.nodeid] = {
                "outcome": report.outcome,
                "phase": call.when,
                "assertion": failure is not None and is_assertion(failure),
                "why": f"{type(failure).__name__}: {failure}"[:300] if failure is not None else "",
            }
    return report


def pytest_sessionfinish():
    """Write it down."""
    import offswitch

    Path(os.environ[TOLD]).write_text(json.dumps({"package": offswitch.__file__, "tests": _tests}))
