"""HIPS autograd, held to the reference vectors.

backproof vectors verify --using examples/vectors/autograd_adapter.py:adapter
"""

import sys
from pathlib import Path

import autograd.numpy as anp
import numpy as np
from autograd import make_vjp
from autograd.scipy.special import erf
from autograd.tracer import getval

sys.path.insert(0, str(Path(__file__).resolve().parent))
from forwards import answer


def adapter(operation, parameters, inputs, cotangent):
    """(values, gradients) by autograd.make_vjp."""
    with np.errstate(all="ignore"):  # its slope of tanh squares a cosh, which overflows to the right answer
        return answer(anp, erf, vjp, operation, parameters, inputs, cotangent)


def vjp(f, inputs, cotangent):
    """Value, other values and gradients."""
    seen = {}

    def output_alone(given):
        output, more = f(given)
        seen.update({name: getval(x) for name, x in more.items()})
        return output

    pullback, output = make_vjp(output_alone)(inputs)
    return output, seen, pullback(cotangent)
