"""JAX, held to the reference vectors.

backproof vectors verify --using examples/vectors/jax_adapter.py:adapter
"""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
from jax.scipy.special import erf

sys.path.insert(0, str(Path(__file__).resolve().parent))
from forwards import answer


def adapter(operation, parameters, inputs, cotangent):
    """(values, gradients) by jax.vjp, in float64."""
    with jax.enable_x64(True):
        return answer(jnp, erf, vjp, operation, parameters, inputs, cotangent)


def vjp(f, inputs, cotangent):
    """Value, other values and gradients, compiled as one."""

    @jax.jit
    def both(given, v):
        output, pullback, more = jax.vjp(f, given, has_aux=True)
        return output, more, pullback(v)[0]

    return both({name: jnp.asarray(x) for name, x in inputs.items()}, jnp.asarray(cotangent))
