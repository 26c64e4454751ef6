# SPDX-License-Identifier: MIT
"""Many runs of one scenario are not as many facts, and a bootstrap that learns nothing says so."""

import numpy as np
import pytest

from offswitch.stats.clusters import (
    Cluster,
    clustered_rate,
    design_effect,
    gather,
    korn_graubard,
    resampled_rates,
)
from offswitch.stats.errors import CountError, StatsError
from offswitch.stats.intervals import clopper_pearson

METHODS = ["korn-graubard", "bca", "percentile"]


def drawn(rng, clusters, size, share, intraclass):
    """Return clusters whose rates are Beta-distributed with the given intraclass correlation."""
    spread = (1 - intraclass) / intraclass
    shares = rng.beta(share * spread, (1 - share) * spread, clusters)
    return [Cluster(f"c{place}", int(k), size) for place, k in enumerate(rng.binomial(size, shares))]


def clusters(*counts):
    return [Cluster(f"c{place}", k, n) for place, (k, n) in enumerate(counts)]


def test_episodes_are_gathered_by_cluster_in_the_order_of_names():
    outcomes = [("b", True), ("a", False), ("b", False), ("a", True), ("a", True)]
    assert gather(outcomes) == (Cluster("a", 2, 3), Cluster("b", 1, 2))


@pytest.mark.parametrize("method", METHODS)
def test_zero_events_are_not_a_point_whatever_the_method(method):
    rate = clustered_rate(clusters(*[(0, 2)] * 40), rng=np.random.default_rng(1), method=method)
    assert rate.interval.high == clopper_pearson(0, 40).high
    assert rate.interval.method == "clopper-pearson on clusters"


@pytest.mark.parametrize("counts", [[(5, 10)], [(0, 10)], [(10, 10)]])
def test_one_cluster_cannot_tell_the_rate_of_others(counts):
    interval = clustered_rate(clusters(*counts)).interval
    assert interval.high - interval.low > 0.9
    assert interval.method == "clopper-pearson on clusters"


def test_events_in_one_cluster_only_count_as_one_event_among_clusters():
    interval = clustered_rate(clusters((9, 10), *[(0, 10)] * 19)).interval
    assert interval.high == clopper_pearson(1, 20).high


@pytest.mark.parametrize("method", METHODS)
def test_clusters_that_agree_exactly_are_not_certain(method):
    rate = clustered_rate(clusters(*[(1, 2)] * 10), rng=np.random.default_rng(1), method=method)
    assert rate.interval.low < 0.3
    assert rate.interval.high > 0.7
    assert "korn-graubard" in rate.interval.method


def test_clusters_without_episodes_do_not_count():
    full = clusters((1, 4), (2, 4), (0, 4))
    assert clustered_rate([*full, Cluster("empty", 0, 0)]) == clustered_rate(full)
    assert clustered_rate([]).value is None
    assert clustered_rate([Cluster("empty", 0, 0)]).interval.high == 1.0


def test_whole_clusters_count_once_each():
    # Ten episodes a cluster that all do the same are worth one each.
    effect = design_effect(clusters(*[(10, 10)] * 8, *[(0, 10)] * 8))
    assert effect.ratio == pytest.approx(10 * 16 / 15)
    assert effect.effective_n == pytest.approx(15)


def test_independent_episodes_have_a_design_effect_near_one():
    counts = np.random.default_rng(5).binomial(10, 0.3, 400)
    assert design_effect(clusters(*[(int(k), 10) for k in counts])).ratio == pytest.approx(1, abs=0.2)


def test_a_design_effect_that_cannot_be_known_is_none():
    assert design_effect(clusters((3, 10))).ratio is None
    assert design_effect(clusters((0, 10), (0, 10))).ratio is None
    assert design_effect(clusters((0, 10), (0, 10))).effective_n == 2


def test_without_clustering_korn_graubard_is_close_to_clopper_pearson():
    single = clusters(*[(int(place < 30), 1) for place in range(200)])
    ours, plain = korn_graubard(single), clopper_pearson(30, 200)
    assert (ours.low, ours.high) == pytest.approx((plain.low, plain.high), abs=0.002)


def test_few_clusters_widen_the_interval():
    # The same 12 of 200 with the same design effect below 1, in 4 clusters or in 20.
    few, many = clusters(*[(3, 50)] * 4), clusters(*[(1, 10), (0, 10), (1, 10), (1, 10), (0, 10)] * 4)
    assert clustered_rate(few).value == clustered_rate(many).value == 0.06
    narrow, wide = clustered_rate(many).interval, clustered_rate(few).interval
    assert wide.high - wide.low > 1.2 * (narrow.high - narrow.low)


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_a_seed_means_one_result(method):
    sample = drawn(np.random.default_rng(3), 20, 5, 0.3, 0.3)
    one = clustered_rate(sample, rng=np.random.default_rng(9), method=method, repeats=500)
    assert one == clustered_rate(list(sample), rng=np.random.default_rng(9), method=method, repeats=500)
    assert one.interval.low < one.value < one.interval.high


def test_resamples_have_the_linearised_variance():
    sample = drawn(np.random.default_rng(3), 200, 5, 0.3, 0.3)
    k, n = (np.array([getattr(c, name) for c in sample], float) for name in ("k", "n"))
    draws = resampled_rates(k, n, np.random.default_rng(1), 4000)
    share = k.sum() / n.sum()
    variance = design_effect(sample).ratio * share * (1 - share) / n.sum()
    assert draws.var() == pytest.approx(variance, rel=0.1)


def test_bca_is_that_of_scipy():
    from scipy.stats import bootstrap

    sample = drawn(np.random.default_rng(8), 30, 5, 0.15, 0.3)
    k, n = (np.array([getattr(c, name) for c in sample], float) for name in ("k", "n"))
    peer = bootstrap(
        (k, n),
        lambda k, n, axis: k.sum(axis=axis) / n.sum(axis=axis),
        paired=True,
        vectorized=True,
        method="BCa",
        rng=np.random.default_rng(2),
    ).confidence_interval
    ours = clustered_rate(sample, rng=np.random.default_rng(1), method="bca").interval
    assert (ours.low, ours.high) == pytest.approx((peer.low, peer.high), abs=0.012)


@pytest.mark.parametrize(
    ("method", "size", "least"), [("korn-graubard", 8, 0.94), ("korn-graubard", 40, 0.94), ("bca", 40, 0.91)]
)
def test_the_interval_holds_the_true_rate_as_often_as_it_says(method, size, least):
    rng, hits, rounds = np.random.default_rng(11), 0, 300
    for _ in range(rounds):
        sample = drawn(rng, size, 5, 0.3, 0.4)
        hits += 0.3 in clustered_rate(sample, rng=rng, method=method, repeats=300).interval
    assert hits / rounds >= least


def test_ignoring_clusters_covers_far_too_little():
    # The reason for this file: the plain interval on strongly clustered episodes is false comfort.
    rng, hits, rounds = np.random.default_rng(12), 0, 300
    for _ in range(rounds):
        sample = drawn(rng, 20, 20, 0.3, 0.5)
        hits += 0.3 in clopper_pearson(sum(c.k for c in sample), 400)
    assert hits / rounds < 0.6


def test_bad_requests_are_refused():
    sample = clusters((1, 2), (1, 3), (0, 3))
    with pytest.raises(StatsError, match="generator"):
        clustered_rate(sample, method="bca")
    with pytest.raises(StatsError, match="jackknife"):
        clustered_rate(sample, method="jackknife")
    with pytest.raises(CountError, match="same name"):
        clustered_rate([Cluster("a", 1, 2), Cluster("a", 1, 2)])
    with pytest.raises(CountError, match="k=3, n=2"):
        clustered_rate([Cluster("a", 3, 2)])
    with pytest.raises(StatsError, match="two clusters"):
        korn_graubard(clusters((1, 2)))
