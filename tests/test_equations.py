"""Every labelled equation of docs/derivation.md, held of random networks: a property per label, and all labels on many.

Hypothesis draws structure and a seed; the numbers come from the seed. What is drawn shrinks to one layer of width one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, seed, settings

from checks.equations import EQUATIONS, Case, Record, Result, Tally, build, hold
from checks.equations.tally import by_regime
from checks.strategies import cases
from checks.verdict import Outcome

SHARDS = 8
SEEDS = 10
"""Networks of each drawn structure."""
FEW, MANY = 1, 12.5
"""Structures drawn in a shard for each example of the profile: below 100 examples, and from there on."""
ENOUGH = 1000
"""Networks from which a share is a share."""


def refuse(case: Case, results: list[Result]) -> None:
    """Fail with a report, if anything failed."""
    wrong = [str(result) for result in results if result.outcome is Outcome.FAIL]
    if wrong:
        pytest.fail("\n".join([repr(case), *wrong]), pytrace=False)


def holds(label: str, case: Case) -> None:
    refuse(case, [hold(EQUATIONS[label], Record(build(case)))])


@given(cases())
def test_f1_what_enters_the_activation_is_weights_times_the_layer_below_plus_bias(case: Case) -> None:
    holds("F1", case)


@given(cases())
def test_f2_what_leaves_a_layer_is_its_own_activation_of_what_enters(case: Case) -> None:
    holds("F2", case)


@given(cases())
def test_f3_each_neuron_in_components_with_the_bias_added_once_after_the_sum(case: Case) -> None:
    holds("F3", case)


@given(cases())
def test_f4_the_loss_is_a_function_of_output_and_target_alone(case: Case) -> None:
    holds("F4", case)


@given(cases())
def test_d1_each_entry_of_delta_is_the_derivative_along_its_own_z(case: Case) -> None:
    holds("D1", case)


@given(cases())
def test_d2_delta_is_the_derivative_with_respect_to_what_enters_the_activation(case: Case) -> None:
    holds("D2", case)


@given(cases())
def test_g1_each_weight_gradient_is_the_chain_rule_through_z(case: Case) -> None:
    holds("G1", case)


@given(cases())
def test_g2_each_bias_gradient_is_the_chain_rule_through_z(case: Case) -> None:
    holds("G2", case)


@given(cases())
def test_b1_the_last_delta_is_the_loss_gradient_times_the_slope(case: Case) -> None:
    holds("B1", case)


@given(cases())
def test_b2_each_delta_is_the_one_above_through_the_transposed_weights_times_the_slope(case: Case) -> None:
    holds("B2", case)


@given(cases())
def test_b3_weight_gradient_is_the_outer_product_of_delta_and_the_layer_below(case: Case) -> None:
    holds("B3", case)


@given(cases())
def test_b4_bias_gradient_is_delta_summed_over_the_batch(case: Case) -> None:
    holds("B4", case)


@given(cases())
def test_e1_one_entry_of_the_last_delta_is_loss_slope_times_activation_slope(case: Case) -> None:
    holds("E1", case)


@given(cases())
def test_e2_one_entry_of_delta_is_the_sum_over_the_layer_above_of_three_derivatives(case: Case) -> None:
    holds("E2", case)


@given(cases())
def test_e3_an_activation_moves_the_one_above_by_slope_times_weight(case: Case) -> None:
    holds("E3", case)


@given(cases())
def test_e4_one_entry_of_delta_is_the_sum_over_the_errors_above(case: Case) -> None:
    holds("E4", case)


@given(cases())
def test_u1_weights_step_against_their_gradient(case: Case) -> None:
    holds("U1", case)


@given(cases())
def test_u2_biases_step_against_their_gradient(case: Case) -> None:
    holds("U2", case)


@given(cases())
def test_u3_the_step_is_taken_with_all_gradients_of_the_old_weights(case: Case) -> None:
    holds("U3", case)


@given(cases())
def test_n1_a_batch_goes_through_column_by_column_with_the_bias_on_each(case: Case) -> None:
    holds("N1", case)


@given(cases())
def test_n2_weight_gradient_adds_up_the_examples(case: Case) -> None:
    holds("N2", case)


@given(cases())
def test_n3_bias_gradient_adds_up_the_examples(case: Case) -> None:
    holds("N3", case)


@given(cases())
def test_r1_sum_adds_the_losses_of_the_examples(case: Case) -> None:
    holds("R1", case)


@given(cases())
def test_r2_mean_divides_by_the_number_of_examples(case: Case) -> None:
    holds("R2", case)


@given(cases())
def test_s1_the_last_delta_is_the_loss_gradient_through_the_transposed_jacobian(case: Case) -> None:
    holds("S1", case)


@given(cases())
def test_s2_each_delta_is_pulled_back_through_the_transposed_jacobian(case: Case) -> None:
    holds("S2", case)


@given(cases())
def test_s3_softmax_pulls_back_without_a_jacobian(case: Case) -> None:
    holds("S3", case)


@given(cases())
def test_s4_softmax_with_cross_entropy_has_delta_p_minus_y(case: Case) -> None:
    holds("S4", case)


@pytest.mark.parametrize("shard", range(SHARDS))
def test_every_equation_on_many_networks(shard: int, record_property: Callable[[str, object], None]) -> None:
    tally, profile = Tally(), settings()

    @settings(max_examples=int(profile.max_examples * (MANY if profile.max_examples >= 100 else FEW)))
    @given(cases())
    def every_equation(case: Case) -> None:
        for k in range(SEEDS):
            one = replace(case, seed=case.seed + k)
            refuse(one, tally.add(Record(build(one)), tuple(EQUATIONS)))

    if profile.derandomize:
        every_equation = seed(shard)(every_equation)  # the same networks every time, and others in every shard
    every_equation()
    record_property("equations", tally.counts())
    for opinion in tally.opinions.values():
        assert not opinion.theirs, opinion
    rows = {row.regime: row for row in by_regime([tally.counts()])}
    for regime, least in (("typical", 0.995), ("all", 0.95)):
        row = rows[regime]
        assert row.networks < ENOUGH or row.decided >= least * row.networks, row
