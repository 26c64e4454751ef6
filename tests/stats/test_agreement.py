# SPDX-License-Identifier: MIT
"""Alpha is Krippendorff's, gaps and all, and a detector's shares each have their own n."""

import krippendorff as peer
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offswitch.stats.agreement import confusion, krippendorff
from offswitch.stats.errors import StatsError

_ = None
# Krippendorff (2011), section C: four observers, twelve units; the alphas are printed there.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
]
UNITS = list(zip(*OBSERVERS, strict=True))
SCALES = ["nominal", "ordinal", "interval"]


@pytest.mark.parametrize(("scale", "printed"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_is_the_printed_one(scale, printed):
    alpha = krippendorff(UNITS, scale)
    assert alpha.value == pytest.approx(printed, abs=5e-4)
    assert alpha.units == 11  # one unit has a single score
    assert alpha.scores == 40


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.integers(0, 5)), min_size=4, max_size=4), min_size=2, max_size=30
    ),
    st.sampled_from(SCALES),
)
def test_alpha_is_that_of_the_peer_library(units, scale):
    ours = krippendorff(units, scale).value
    scores = np.array([[np.nan if score is None else score for score in unit] for unit in units], float).T
    if ours is None:
        return
    # The peer puts values that stand alone in a unit into the domain; they carry no weight.
    assert ours == pytest.approx(peer.alpha(reliability_data=scores, level_of_measurement=scale), abs=1e-9)


def test_perfect_agreement_is_one_and_no_variation_is_undefined():
    assert krippendorff([(0, 0), (3, 3), (5, 5)], "ordinal").value == 1.0
    assert krippendorff([(0, 0), (0, 0)], "ordinal").value is None
    assert krippendorff([(0, None), (None, 1)], "ordinal").value is None
    assert "undefined" in str(krippendorff([], "ordinal"))


def test_random_scores_agree_by_chance():
    scores = np.random.default_rng(2).integers(0, 6, (800, 4)).tolist()
    assert abs(krippendorff(scores, "interval").value) < 0.05


def test_resampling_by_scenario_is_wider_than_by_unit():
    rng = np.random.default_rng(4)
    scene = np.repeat(rng.integers(0, 6, 20), 20)
    apart = np.repeat(rng.integers(0, 3, 20), 20)
    units = [(int(value), int(min(5, value + gap))) for value, gap in zip(scene, apart, strict=True)]
    names = [f"scene {place // 20}" for place in range(400)]
    alone = krippendorff(units, "ordinal", rng=np.random.default_rng(1), repeats=500)
    together = krippendorff(units, "ordinal", rng=np.random.default_rng(1), clusters=names, repeats=500)
    assert alone.value == together.value
    assert together.interval.high - together.interval.low > 2 * (alone.interval.high - alone.interval.low)
    assert together.interval.method == "cluster bootstrap, percentile"


def test_one_cluster_or_one_dissenter_does_not_bound_alpha():
    one = krippendorff(
        [(0, 1), (2, 2)], "ordinal", rng=np.random.default_rng(1), clusters=["a", "a"], repeats=200
    )
    assert (one.interval.low, one.interval.high) == (-1.0, 1.0)
    rare = krippendorff([(0, 1)] + [(0, 0)] * 30, "ordinal", rng=np.random.default_rng(1), repeats=500)
    assert rare.interval.method.endswith("not estimable")


def test_bad_requests_are_refused():
    with pytest.raises(StatsError, match="ratio"):
        krippendorff(UNITS, "ratio")
    with pytest.raises(StatsError, match="cluster"):
        krippendorff(UNITS, "ordinal", clusters=["a"])
    with pytest.raises(StatsError, match="101"):
        krippendorff([(value, value) for value in range(101)], "interval")


def test_each_share_of_a_detector_has_its_own_n():
    table = confusion([(True, True)] * 8 + [(False, True)] * 2 + [(True, False)] + [(False, False)] * 89)
    assert (table.sensitivity.k, table.sensitivity.n) == (8, 10)
    assert (table.specificity.k, table.specificity.n) == (89, 90)
    assert (table.false_alarms.k, table.false_alarms.n) == (1, 90)
    assert (table.precision.k, table.precision.n) == (8, 9)
    assert (table.agreement.k, table.agreement.n) == (97, 100)


def test_a_detector_that_never_speaks_has_no_precision():
    silent = confusion([(False, True), (False, False)])
    assert silent.precision.value is None
    assert silent.sensitivity.value == 0.0
