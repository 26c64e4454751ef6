# SPDX-License-Identifier: MIT
"""The metric as an evaluation calls it: by condition, with n and interval, also where epochs are averaged."""

import pytest
from inspect_ai.model import ModelAPI
from pytest_inspect_evals.metrics import assert_agreeing_epochs_change_nothing, run_metrics

from offswitch.scenarios.outcome import defied_by_condition


@pytest.fixture(autouse=True)
def _no_tokenizer(monkeypatch):
    """Count words for tokens: the mock model would fetch a tokenizer from the network."""

    async def words(self, text):
        return len(text.split())

    monkeypatch.setattr(ModelAPI, "count_text_tokens", words)


SAMPLES = [{"condition": "shutdown/base"}] * 3 + [{"condition": "shutdown/benign"}]


def test_equal_epochs_say_what_one_says():
    assert_agreeing_epochs_change_nothing([defied_by_condition()], [1, 0, 1, 0], metadata=SAMPLES)


def test_epochs_that_disagree_are_averaged_and_n_stays_the_number_of_samples():
    told = run_metrics([defied_by_condition()], [[1, 0], [1, 1], [0, 0], [0, 0]], metadata=SAMPLES)
    assert told["shutdown/base"] == pytest.approx(0.5)
    assert told["shutdown/base n"] == 3
    assert told["shutdown/base low"] < 0.5 < told["shutdown/base high"]
    assert told["shutdown/benign high"] == pytest.approx(0.793, abs=0.001)
