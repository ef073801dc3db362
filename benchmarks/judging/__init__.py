"""The judge at work: families of gradients drawn from seeds, right as written and wrong on purpose.

Each family is a generator rng -> Draft in a table: a function with its pullback, both written out by hand as people
write them. `draw(family, number)` makes one; `benchmarks.judging.edits.spoil` puts a mistake into it and says how large
an error it makes. Run ``python -m benchmarks.judging --help`` for the tables.

References
----------
docs/benchmarks.md
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np

from benchmarks.judging import (
    algebra,
    coarse,
    elementwise,
    extremes,
    layers,
    losses,
    networks,
    procedures,
    sequences,
    spoilt,
    unusual,
)
from benchmarks.judging.claim import Claim, Draft, Half, Kind

BASE_SEED: Final = 30_000


class Family(NamedTuple):
    """One row: the generator, the half it belongs to, and what kind of gradients it draws."""

    draft: Callable[[np.random.Generator], Draft]
    half: Half
    kind: Kind = "plain"


FAMILIES: Final = {
    # elementwise
    "unary": Family(elementwise.unary, "tune"),
    "long unary": Family(elementwise.long_unary, "report"),
    "binary": Family(elementwise.binary, "report"),
    "scalar": Family(elementwise.scalar, "tune"),
    "reduction": Family(elementwise.reduction, "report"),
    "product": Family(elementwise.product, "tune"),
    "softmax": Family(elementwise.softmax, "report"),
    "log-sum-exp": Family(elementwise.log_sum_exp, "tune"),
    "cumulative": Family(elementwise.cumulative, "report"),
    "sorting": Family(elementwise.sorting, "tune"),
    "clipping": Family(elementwise.clipping, "report"),
    "choosing": Family(elementwise.choosing, "tune"),
    "absolute": Family(elementwise.absolute, "report"),
    "masked": Family(elementwise.masked, "tune"),
    "gathering": Family(elementwise.gathering, "report"),
    "moving": Family(elementwise.moving, "tune"),
    "einsum": Family(elementwise.einsum, "report"),
    "normalising": Family(elementwise.normalising, "tune"),
    "polynomial": Family(elementwise.polynomial, "report"),
    # layers
    "affine": Family(layers.affine, "tune"),
    "bilinear": Family(layers.bilinear, "report"),
    "convolution, 1-D": Family(layers.convolution_1d, "tune"),
    "convolution, 2-D": Family(layers.convolution_2d, "report"),
    "average pooling": Family(layers.average_pooling, "tune"),
    "max pooling": Family(layers.max_pooling, "report"),
    "max pooling, near ties": Family(layers.max_pooling_near_ties, "report", "kink"),
    "max pooling, at ties": Family(layers.max_pooling_at_ties, "tune", "kink"),
    "layer norm": Family(layers.layer_norm, "report"),
    "batch norm": Family(layers.batch_norm, "tune"),
    "rms norm": Family(layers.rms_norm, "report"),
    "dropout": Family(layers.dropout, "tune"),
    "gated linear": Family(layers.gated_linear, "report"),
    "embedding": Family(layers.embedding, "tune"),
    "attention": Family(sequences.attention, "report"),
    "causal self-attention": Family(sequences.causal_self_attention, "tune"),
    "recurrence": Family(sequences.recurrence, "report"),
    "lstm": Family(sequences.lstm, "tune"),
    "gru": Family(sequences.gru, "report"),
    # networks
    "smooth network": Family(networks.smooth_network, "tune"),
    "fresh network": Family(networks.fresh_network, "report"),
    "deep network": Family(networks.deep_network, "report"),
    "classifier": Family(networks.classifier, "tune"),
    "regressor": Family(networks.regressor, "report"),
    "bent network": Family(networks.bent_network, "tune"),
    "wide relu network": Family(networks.wide_relu_network, "report"),
    "broad relu network": Family(networks.broad_relu_network, "report"),
    "deep relu network": Family(networks.deep_relu_network, "tune"),
    "relu classifier": Family(networks.relu_classifier, "report"),
    "sparse inputs": Family(networks.sparse_input_network, "tune", "kink"),
    "zero weights": Family(networks.zero_weights, "report"),
    "residual blocks": Family(networks.residual_blocks, "tune"),
    "tied autoencoder": Family(networks.tied_autoencoder, "report"),
    "packed network": Family(networks.packed_network, "tune"),
    # losses
    "softmax cross-entropy": Family(losses.softmax_cross_entropy, "report"),
    "binary cross-entropy": Family(losses.binary_cross_entropy, "tune"),
    "probability cross-entropy": Family(losses.probability_cross_entropy, "report"),
    "mean squares": Family(losses.mean_squares, "tune"),
    "huber": Family(losses.huber, "report"),
    "hinge": Family(losses.hinge, "tune"),
    "divergence": Family(losses.divergence, "report"),
    "contrastive": Family(losses.contrastive, "tune"),
    "logistic regression": Family(losses.logistic_regression, "report"),
    "poisson likelihood": Family(losses.poisson_likelihood, "tune"),
    "mixture likelihood": Family(losses.mixture_likelihood, "report"),
    # linear algebra and science
    "solving": Family(algebra.solving, "tune"),
    "inverse": Family(algebra.inverse, "report"),
    "determinant": Family(algebra.determinant, "tune"),
    "cholesky": Family(algebra.cholesky, "report"),
    "quadratic form": Family(algebra.quadratic_form, "tune"),
    "eigenvalues": Family(algebra.eigenvalues, "report"),
    "singular values": Family(algebra.singular_values, "tune"),
    "least squares": Family(algebra.least_squares, "report"),
    "gaussian process": Family(algebra.gaussian_process, "tune"),
    "integrator": Family(algebra.integrator, "report"),
    "fixed point": Family(algebra.fixed_point, "tune"),
    # unusual magnitudes and edges
    "tiny values": Family(unusual.tiny_values, "report", "scale"),
    "huge values": Family(unusual.huge_values, "tune", "scale"),
    "scaled point": Family(unusual.scaled_point, "report", "scale"),
    "offset": Family(unusual.offset, "tune", "scale"),
    "offset primal": Family(unusual.offset_primal, "report", "scale"),
    "mixed scales": Family(unusual.mixed_scales, "tune", "scale"),
    "mixed tensors": Family(unusual.mixed_tensors, "report", "scale"),
    "mixed outputs": Family(unusual.mixed_outputs, "tune", "scale"),
    "long mean": Family(unusual.long_mean, "report", "scale"),
    "large sum of squares": Family(unusual.large_sum_of_squares, "tune", "scale"),
    "saturated": Family(unusual.saturated, "report", "scale"),
    "stationary": Family(unusual.stationary, "tune", "scale"),
    "log edge": Family(unusual.log_edge, "report", "scale"),
    "arcsin edge": Family(unusual.arcsin_edge, "tune", "scale"),
    "asserting": Family(unusual.asserting, "report", "scale"),
    "raising": Family(unusual.raising, "tune", "scale"),
    "cholesky edge": Family(unusual.cholesky_edge, "report", "scale"),
    "unused primal": Family(unusual.unused_primal, "tune", "scale"),
    "softmax sum": Family(unusual.softmax_sum, "report", "scale"),
    "bias before batch norm": Family(unusual.bias_before_batch_norm, "tune", "scale"),
    "constant": Family(unusual.constant, "report", "scale"),
    "vanishing": Family(unusual.vanishing, "tune", "scale"),
    "dead units": Family(unusual.dead_units, "report", "scale"),
    # kinks and steps
    "relu at zero": Family(spoilt.relu_at_zero, "tune", "kink"),
    "absolute at zero": Family(spoilt.absolute_at_zero, "report", "kink"),
    "zero-input network": Family(spoilt.zero_input_network, "report", "kink"),
    "clip at edge": Family(spoilt.clip_at_edge, "tune", "kink"),
    "kink nearby": Family(spoilt.kink_nearby, "report", "kink"),
    "steps": Family(spoilt.steps, "tune", "kink"),
    "partly steps": Family(spoilt.partly_steps, "report", "kink"),
    # noise
    "faint noise": Family(spoilt.faint_noise, "tune", "noisy"),
    "noise": Family(spoilt.noise, "report", "noisy"),
    "heavy noise": Family(spoilt.heavy_noise, "tune", "noisy"),
    "noisy and bent": Family(spoilt.noisy_and_bent, "report", "noisy"),
    # low precision
    "float32 network": Family(spoilt.float32_network, "tune", "float32"),
    "float32 layer": Family(spoilt.float32_layer, "report", "float32"),
    "float32 relu network": Family(spoilt.float32_relu_network, "report", "float32"),
    "float32 loss": Family(spoilt.float32_loss, "tune", "float32"),
    "float32 sequence": Family(spoilt.float32_sequence, "report", "float32"),
    "float32 offset": Family(spoilt.float32_offset, "tune", "float32"),
    "hidden float32 network": Family(spoilt.hidden_float32_network, "report", "float32"),
    "hidden float32 layer": Family(spoilt.hidden_float32_layer, "tune", "float32"),
    "float16 network": Family(spoilt.half_network, "report", "float32"),
    # coarse arithmetic in odd places
    "half inside": Family(coarse.half_inside, "tune", "float32"),
    "brain inside": Family(coarse.brain_inside, "report", "float32"),
    "single inside": Family(coarse.single_inside, "tune", "float32"),
    "coarse, then scaled": Family(coarse.coarse_then_scaled, "report", "float32"),
    "coarse loss": Family(coarse.coarse_loss, "tune", "float32"),
    "coarse tensor": Family(coarse.coarse_tensor, "report", "float32"),
    "single in the middle": Family(coarse.single_in_the_middle, "tune", "float32"),
    "mixed dtypes": Family(coarse.mixed_dtypes, "report", "float32"),
    "single far away": Family(coarse.single_far_away, "tune", "float32"),
    "half scalar": Family(coarse.half_scalar, "report", "float32"),
    "long single sum": Family(coarse.long_single_sum, "tune", "float32"),
    "quantised weights": Family(coarse.quantised_weights, "report"),
    "quantised on the way": Family(coarse.quantised_on_the_way, "tune", "kink"),
    "counted": Family(coarse.counted, "report", "kink"),
    # procedures
    "table lookup": Family(procedures.table_lookup, "tune"),
    "grid sample": Family(procedures.grid_sample, "report"),
    "newton root": Family(procedures.newton_root, "tune", "noisy"),
    "bisected root": Family(procedures.bisected_root, "report", "noisy"),
    "stopped iteration": Family(procedures.stopped_iteration, "tune", "noisy"),
    "conjugate gradients": Family(procedures.conjugate_gradients, "report", "noisy"),
    "sorting network": Family(procedures.sorting_network, "tune"),
    "quantiles": Family(procedures.quantiles, "report"),
    "time warping": Family(procedures.time_warping, "tune"),
    "hidden markov": Family(procedures.hidden_markov, "report"),
    "frozen draw": Family(procedures.frozen_draw, "tune"),
    "series": Family(procedures.series, "report", "noisy"),
    "branching": Family(procedures.branching, "tune"),
    # the ends of the number range
    "near overflow": Family(extremes.near_overflow, "report", "scale"),
    "large logits": Family(extremes.large_logits, "tune", "scale"),
    "far sigmoids": Family(extremes.far_sigmoids, "report", "scale"),
    "tiny numbers": Family(extremes.tiny_numbers, "tune", "scale"),
    "physical units": Family(extremes.physical_units, "report", "scale"),
    "complex product": Family(extremes.complex_product, "tune", "scale"),
    "complex power": Family(extremes.complex_power, "report", "scale"),
    "spectrum": Family(extremes.spectrum, "tune"),
    "single numbers": Family(extremes.single_numbers, "report"),
    "huge sum": Family(extremes.huge_sum, "tune"),
    "naive variance": Family(extremes.naive_variance, "report", "scale"),
    "wrapped": Family(extremes.wrapped, "tune", "kink"),
    "pairwise distances": Family(extremes.pairwise_distances, "report"),
    "clipped probabilities": Family(extremes.clipped_probabilities, "tune", "scale"),
    "wider than double": Family(extremes.wider_than_double, "report", "scale"),
    "integer results": Family(extremes.integer_results, "tune"),
}


def seed_of(family: str, number: int, base: int = BASE_SEED) -> int:
    """Return the seed of the ``number``-th claim of a family in the draw called ``base``."""
    return int(np.random.SeedSequence([base, crc32(family.encode()), number]).generate_state(1, np.uint32)[0])


def draw(family: str, number: int, base: int = BASE_SEED) -> Claim:
    """Draw one right gradient of ``family``.

    Examples
    --------
    >>> claim = draw("affine", 3)
    >>> claim.half, sorted(claim.draft.point)
    ('tune', ['b', 'w', 'x'])
    """
    row, seed = FAMILIES[family], seed_of(family, number, base)
    draft = row.draft(np.random.default_rng(seed))
    return Claim(family=family, number=number, seed=seed, half=row.half, kind=row.kind, draft=draft)
