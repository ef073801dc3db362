"""Audit custom gradients of the kind that HIPS autograd's tutorial teaches (``primitive``, ``defvjp``), written anew.

What is found (`tests/test_examples.py` holds these statements)
----------------------------------------------------------------
- The stable log Σ exp passes, and so does an example that is built of it.
- A sum of a matrix and a vector passes with a gradient for each argument.
- Without the sum over the axis that is broadcast, the gradient of the vector has a wrong shape.

Run ``python examples/autograd_custom_gradients.py`` for the reports.
"""

import autograd.numpy as anp
import numpy as np
from autograd.extend import defvjp, primitive

import checks
from checks.adapters import adapt

rng = np.random.default_rng(0)
x, b = rng.normal(size=(4, 3)), rng.normal(size=3)


@primitive
def logsumexp(x):
    """log Σ exp(xᵢ), of which no term overflows."""
    largest = np.max(x)
    return largest + np.log(np.sum(np.exp(x - largest)))


defvjp(logsumexp, lambda ans, x: lambda v: np.full(x.shape, v) * np.exp(x - np.full(x.shape, ans)))


def example(y):
    """What the tutorial differentiates."""
    return anp.sum(logsumexp(y**2) * anp.sin(y))


def shifted(*, summed):
    """x + b with a gradient for each; not ``summed``: the axis that b is broadcast along is kept."""

    @primitive
    def shifted(x, b):
        return x + b

    defvjp(shifted, lambda ans, x, b: lambda v: v, lambda ans, x, b: lambda v: v.sum(axis=0) if summed else v)
    return shifted


right = {
    "logsumexp": lambda: adapt(logsumexp, x),
    "example": lambda: adapt(example, b),
    "shifted": lambda: adapt(shifted(summed=True), x, b),
}
wrong = {"shifted, without its sum": lambda: adapt(shifted(summed=False), x, b)}

if __name__ == "__main__":
    for subject in (*right.values(), *wrong.values()):
        print(checks.audit(subject), "\n")
