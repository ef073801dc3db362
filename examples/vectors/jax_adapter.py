"""JAX, held to the reference vectors; most of its time it compiles, once for every operation and shape.

backproof vectors verify --using examples/vectors/jax_adapter.py:adapter
"""

import json
import sys
from functools import cache, partial
from pathlib import Path

import jax
import jax.numpy as jnp
from jax.scipy.special import erf

sys.path.insert(0, str(Path(__file__).resolve().parent))
from forwards import answer, run

QUICKLY = {"xla_backend_optimization_level": 0, "xla_llvm_disable_expensive_passes": True}
"""How it compiles: what runs once need not run fast."""


def adapter(operation, parameters, inputs, cotangent):
    """(values, gradients) by jax.vjp, in float64."""
    with jax.enable_x64(True):
        vjp = partial(_vjp, compiled(operation, json.dumps(parameters)))
        return answer(jnp, erf, vjp, operation, parameters, inputs, cotangent)


def _vjp(both, _, inputs, cotangent):
    return both(inputs, cotangent)


@cache
def compiled(operation, parameters):
    """Value, other values and gradients, compiled as one and kept for inputs of the same shapes."""
    f = partial(run, jnp, erf, operation, json.loads(parameters))

    @partial(jax.jit, compiler_options=QUICKLY)
    def both(inputs, cotangent):
        output, pullback, more = jax.vjp(f, inputs, has_aux=True)
        return output, more, pullback(cotangent)[0]

    return both
