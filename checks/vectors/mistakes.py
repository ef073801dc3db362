"""NOTES: what each flag stands for; MISTAKES: known mistakes as changes of a right answer, each with its note."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
from flint import arb

from checks.vectors.proven import Proven
from checks.vectors.record import APART

NOTES: Final = {
    "Typical": ("Entries of ordinary size, away from kinks.", ""),
    "Zero": ("Entries that are exactly 0.", "Code that divides by an entry, or takes its logarithm, gives NaN."),
    "Saturation": (
        "Entries where the slope is far below 1.",
        "A slope formed from the output, as 1 - tanh^2, loses every digit; only the part above the scale is judged.",
    ),
    "Tiny": ("Entries near the smallest normal binary32 number.", "Products of two of them underflow in binary32."),
    "Huge": ("Entries of 2^20 and more.", "Squares, cubes or exponentials of them overflow; NaN follows."),
    "NearKink": ("Entries 2^-20 beside a kink.", "A slope taken over a finite step mixes both sides."),
    "Kink": (
        "An entry exactly where the slope jumps.",
        "Every one-sided slope is right, and the middle of the two; the gradients listed are all acceptable.",
    ),
    "Tie": (
        "Several entries are the largest.",
        "The gradient goes to one of them, or is shared evenly; it must not go to each of them in full.",
    ),
    "Batch1": ("A single example.", "A mean in place of a sum, or a missing one, does not show."),
    "NonSquare": ("Widths that differ.", "A transposed product fails, or shows by its shape."),
    "Square": ("Widths that are equal.", "No shape betrays a transposed product."),
    "Repeated": ("An index that occurs several times.", "Its gradients must be added, not overwritten."),
    "SignFlipped": ("A wrong answer: the sign of the gradient is wrong.", "Descent climbs."),
    "UpstreamIgnored": (
        "A wrong answer: as if the cotangent were 1 everywhere.",
        "Right at the end of a network alone; wrong wherever something follows.",
    ),
    "SlopeAtOutput": (
        "A wrong answer: the slope is taken at the output instead of the input.",
        "Wrong off fixed points.",
    ),
    "SlopeMissing": (
        "A wrong answer: the derivative of the activation is left out.",
        "Right where a layer is the identity.",
    ),
    "NotTransposed": (
        "A wrong answer: the error of the layer above goes down through W in place of its transpose.",
        "Square weights have shapes that do not betray it.",
    ),
    "WeightTransposed": ("A wrong answer: the transpose of square weights forward.", "Shapes do not betray it."),
    "BiasMissing": ("A wrong answer: z without the bias.", "Hidden at the start, where biases are 0."),
    "ActivationMissing": ("A wrong answer: z in place of a.", "Every layer but the last then is part of one product."),
    "OutputForInput": (
        "A wrong answer: the gradient of the weights with the layer's output in place of its input.",
        "An index off by one; square weights have shapes that do not betray it.",
    ),
    "Ascent": ("A wrong answer: the step is added.", "C grows."),
    "RateMissing": ("A wrong answer: the step is the whole gradient.", "Descent overshoots."),
    "SoftmaxTwice": (
        "A wrong answer: what softmax and cross-entropy give together, sent through softmax's Jacobian once more.",
        "Slow learning where p is near 0 or 1.",
    ),
    "DiagonalJacobian": (
        "A wrong answer: only the diagonal of the Jacobian of a function of a whole column.",
        "Right in no direction that shifts probability.",
    ),
    "MeanForSum": (
        "A wrong answer: divided by the number of examples where they are added.",
        "Hidden in batches of 1.",
    ),
    "SumForMean": ("A wrong answer: not divided by the number of examples.", "Hidden in batches of 1."),
    "FactorTwo": ("A wrong answer: twice the gradient.", "As by a square whose 1/2 is forgotten."),
    "OneExampleOnly": (
        "A wrong answer: the gradient of the bias is that of the first example.",
        "Hidden in batches of 1.",
    ),
    "Transposed": ("A wrong answer: a square gradient, transposed.", "Hidden by symmetric inputs."),
    "LayersSwapped": ("A wrong answer: gradients of two layers of one shape, exchanged.", "Shapes do not betray it."),
    "Detached": (
        "A wrong answer: a part that depends on the input is taken for a constant.",
        "As the mean and variance of a normalisation, or the weights of an attention.",
    ),
    "KernelFlipped": ("A wrong answer: the kernel's gradient, mirrored.", "Convolution taken for correlation."),
    "Overwritten": ("A wrong answer: of repeated indices only the last counts.", "= where += is meant."),
    "LastStepOnly": ("A wrong answer: the gradient through the last step of a recurrence alone.", "Truncated in time."),
    "EveryWinner": ("A wrong answer: each of several largest entries gets the gradient in full.", "It counts double."),
}
"""Flag -> (what it stands for, what it does)."""

Change = Callable[[Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any] | None]
"""(right gradients, inputs and parameters) -> wrong ones, or None where it would be right or does not apply."""


class Mistake(NamedTuple):
    """A flag of `NOTES` and the change."""

    flag: str
    change: Change


def _all(by: Callable[[Any], Any]) -> Change:
    return lambda g, case: {name: by(x) for name, x in g.items()}


def _examples(case: Mapping[str, Any]) -> int:
    found = case.get("x", case.get("a"))
    return int(found.shape[-1]) if found is not None and found.ndim == 2 else 1


def _scaled(reduction: str, by: Callable[[int], Any]) -> Change:
    def change(g: Mapping[str, Any], case: Mapping[str, Any]) -> Mapping[str, Any] | None:
        n = _examples(case)
        return {k: x * by(n) for k, x in g.items()} if n > 1 and case.get("reduction") == reduction else None

    return change


def _transposed(g: Mapping[str, Any], case: Mapping[str, Any]) -> Mapping[str, Any] | None:
    square = [k for k, x in g.items() if k.startswith("W") and x.ndim == 2 and x.shape[0] == x.shape[1] > 1]
    return {k: x.T if k in square else x for k, x in g.items()} if square else None


def _swapped(g: Mapping[str, Any], case: Mapping[str, Any]) -> Mapping[str, Any] | None:
    names = [k for k in g if k.startswith("W") and k[1:].isdigit()]
    for k, other in pairwise(names):
        if g[k].shape == g[other].shape:
            return {**g, k: g[other], other: g[k]}
    return None


SCALINGS: Final = (
    Mistake("SignFlipped", _all(lambda x: -x)),
    Mistake("FactorTwo", _all(lambda x: x * 2)),
    Mistake("MeanForSum", _scaled("sum", lambda n: arb(1) / n)),
    Mistake("SumForMean", _scaled("mean", lambda n: n)),
)
NETWORK: Final = (*SCALINGS, Mistake("Transposed", _transposed), Mistake("LayersSwapped", _swapped))


def wrong(
    mistakes: tuple[Mistake, ...], proven: Proven, case: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The wrong answers that known mistakes make of a right one; those that can be told from it."""
    for flag, change in mistakes:
        made = change(proven.gradients, case)
        if made is not None and apart(made, proven):
            yield flag, made


def apart(made: Mapping[str, Any], proven: Proven) -> bool:
    """Whether an answer is off by `APART` of its scale or more, somewhere."""
    right = {**proven.values, **proven.gradients}
    return any(
        abs(float((a - b).mid())) > APART * proven.scale(name)
        for name, x in made.items()
        for a, b in zip(np.ravel(x), np.ravel(right[name]), strict=True)
    )
