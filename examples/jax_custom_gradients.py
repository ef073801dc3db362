"""Audit custom derivatives of the kinds that JAX's tutorial on them teaches, written anew.

What is found (`tests/test_examples.py` holds these statements)
----------------------------------------------------------------
- log(1 + exp x) and x/(1 + √x) with rules of forward mode pass, and so does sin(x)·y with a rule for each argument.
- A fixed point that is differentiated by the implicit function theorem passes: its backward is a fixed point, too.
- The rule that clips gradients is no derivative of the identity, and says so by law: it is not linear.
- Leaving out one argument of sin(x)·y is found, and named: the gradient of y is 0.

Run ``python examples/jax_custom_gradients.py`` for the reports.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

import checks
from checks.adapters import adapt

rng = np.random.default_rng(0)
x, y = jnp.asarray(rng.normal(size=(4, 3))), jnp.asarray(rng.normal(size=(4, 3)))


@jax.custom_jvp
def log1pexp(x):
    """log(1 + exp x)."""
    return jnp.log(1.0 + jnp.exp(x))


@log1pexp.defjvp
def log1pexp_jvp(primals, tangents):
    """The derivative that stays finite for large x."""
    (x,), (u,) = primals, tangents
    return log1pexp(x), (1 - 1 / (1 + jnp.exp(x))) * u


@jax.custom_jvp
def ratio(x):
    """x/(1 + √x), whose derivative at 0 is 1 by the limit."""
    return x / (1 + jnp.sqrt(x))


@ratio.defjvp
def ratio_jvp(primals, tangents):
    """The derivative, without 0/0."""
    (x,), (u,) = primals, tangents
    return ratio(x), (jnp.sqrt(x) + 2) / (2 * (jnp.sqrt(x) + 1) ** 2) * u


def product(*, whole):
    """sin(x)·y with a backward of its own; not ``whole``: the gradient of y is left out."""
    made = jax.custom_vjp(lambda x, y: jnp.sin(x) * y)

    def backward(kept, v):
        cos, sin, y = kept
        return cos * v * y, sin * v if whole else jnp.zeros_like(v)

    made.defvjp(lambda x, y: (jnp.sin(x) * y, (jnp.cos(x), jnp.sin(x), y)), backward)
    return made


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def fixed_point(step, a, guess):
    """x with x = step(a, x)."""

    def moved(state):
        return jnp.max(jnp.abs(state[0] - state[1])) > 1e-5

    return jax.lax.while_loop(moved, lambda state: (state[1], step(a, state[1])), (guess, step(a, guess)))[1]


def fixed_point_forward(step, a, guess):
    """The fixed point, which is all that the backward needs."""
    found = fixed_point(step, a, guess)
    return found, (a, found)


def fixed_point_backward(step, kept, v):
    """w with w = v + (∂step/∂x)ᵀ w, then (∂step/∂a)ᵀ w."""
    a, found = kept
    by_x = jax.vjp(lambda x: step(a, x), found)[1]
    w = fixed_point(lambda v, w: v + by_x(w)[0], v, v)
    return jax.vjp(lambda a: step(a, found), a)[1](w)[0], jnp.zeros_like(found)


fixed_point.defvjp(fixed_point_forward, fixed_point_backward)


def root(a):
    """√a by Newton's method."""
    return fixed_point(lambda a, x: 0.5 * (x + a / x), a, a)


clipped = jax.custom_vjp(lambda x: 1.0 * x)
clipped.defvjp(lambda x: (1.0 * x, None), lambda _, v: (jnp.clip(v, -0.1, 0.1),))

right = {
    "log1pexp": lambda: adapt(log1pexp, x),
    "x/(1 + √x)": lambda: adapt(ratio, jnp.abs(x) + 0.1),
    "sin(x) y": lambda: adapt(product(whole=True), x, y),
    "root by a fixed point": lambda: adapt(root, jnp.asarray([0.5, 1.5, 2.0])),
}
wrong = {
    "clipped": lambda: adapt(clipped, x),
    "sin(x) y, half": lambda: adapt(product(whole=False), x, y),
}

if __name__ == "__main__":
    for subject in (*right.values(), *wrong.values()):
        print(checks.audit(subject), "\n")
