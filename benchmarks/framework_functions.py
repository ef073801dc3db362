"""Functions of JAX, TensorFlow and HIPS autograd, and layers of Keras, right and spoiled.

Each function is audited as it is, with its gradient multiplied by 1.001, and with the sign of one entry flipped. The
first must pass, the others fail. JAX and TensorFlow are audited with 64 bits and, right alone, with 32.

Run it as ``python -m benchmarks.framework_functions``; ``--quick`` takes every 24th function and writes nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from typing import Any

import autograd.numpy as anp
import autograd.scipy.special as asp
import jax
import jax.numpy as jnp
import jax.scipy as jsp
import keras
import numpy as np
import tensorflow as tf
from autograd import make_vjp
from autograd.extend import defvjp, primitive

from benchmarks.tables import table, write
from checks import Outcome, audit

RNG = np.random.default_rng(0)
X = RNG.normal(size=(4, 3))
Y = RNG.normal(size=(4, 3))
SQUARE = RNG.normal(size=(4, 4)) + 4 * np.eye(4)
DEFINITE = SQUARE @ SQUARE.T
SYMMETRIC = (SQUARE + SQUARE.T) / 2
LOWER = np.tril(SQUARE)
POSITIVE = np.abs(X) + 0.5
SHARE = 1 / (1 + np.exp(-X))

JAX: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    **{
        f"nn.{name}": (getattr(jax.nn, name), (X,))
        for name in (
            "celu", "elu", "gelu", "hard_sigmoid", "hard_silu", "hard_tanh", "leaky_relu", "log_sigmoid",
            "log_softmax", "logsumexp", "mish", "relu", "relu6", "selu", "sigmoid", "silu", "soft_sign", "softmax",
            "softplus", "sparse_plus", "sparse_sigmoid", "squareplus", "standardize",
        )
    },
    "nn.glu of four": (jax.nn.glu, (SQUARE,)),
    "linalg.cholesky": (lambda a: jnp.linalg.cholesky((a + a.T) / 2), (DEFINITE,)),
    "linalg.cond": (jnp.linalg.cond, (SQUARE,)),
    "linalg.det": (jnp.linalg.det, (SQUARE,)),
    "linalg.eigh": (lambda a: jnp.linalg.eigh((a + a.T) / 2)[0], (SYMMETRIC,)),
    "linalg.eigvalsh": (lambda a: jnp.linalg.eigvalsh((a + a.T) / 2), (DEFINITE,)),
    "linalg.inv": (jnp.linalg.inv, (SQUARE,)),
    "linalg.lstsq": (lambda a, b: jnp.linalg.lstsq(a, b)[0], (X, Y)),
    "linalg.matrix_power": (lambda a: jnp.linalg.matrix_power(a, 3), (SQUARE,)),
    "linalg.multi_dot": (lambda a, b: jnp.linalg.multi_dot([a, b, a]), (X, Y.T)),
    "linalg.norm": (jnp.linalg.norm, (X,)),
    "linalg.norm, nuclear": (lambda a: jnp.linalg.norm(a, ord="nuc"), (X,)),
    "linalg.pinv": (jnp.linalg.pinv, (X,)),
    "linalg.qr": (lambda a: jnp.linalg.qr(a), (X,)),
    "linalg.slogdet": (lambda a: jnp.linalg.slogdet(a)[1], (SQUARE,)),
    "linalg.solve": (jnp.linalg.solve, (SQUARE, X)),
    "linalg.svd": (lambda a: jnp.linalg.svd(a, full_matrices=False)[1], (X,)),
    "linalg.tensorsolve": (lambda a, b: jnp.linalg.tensorsolve(a, b), (SQUARE, X[:, 0])),
    "scipy.linalg.cho_solve": (lambda c, b: jsp.linalg.cho_solve((c, True), b), (LOWER, X)),
    "scipy.linalg.expm": (jsp.linalg.expm, (SQUARE / 4,)),
    "scipy.linalg.solve_triangular": (lambda a, b: jsp.linalg.solve_triangular(a, b, lower=True), (LOWER, X)),
    "scipy.special.digamma": (jsp.special.digamma, (POSITIVE,)),
    "scipy.special.entr": (jsp.special.entr, (POSITIVE,)),
    "scipy.special.erf": (jsp.special.erf, (X,)),
    "scipy.special.erfinv": (jsp.special.erfinv, (SHARE - 0.5,)),
    "scipy.special.expit": (jsp.special.expit, (X,)),
    "scipy.special.gammaln": (jsp.special.gammaln, (POSITIVE,)),
    "scipy.special.i0e": (jsp.special.i0e, (X,)),
    "scipy.special.log_ndtr": (jsp.special.log_ndtr, (X,)),
    "scipy.special.logit": (jsp.special.logit, (SHARE,)),
    "scipy.special.ndtri": (jsp.special.ndtri, (SHARE,)),
    "scipy.special.xlogy": (jsp.special.xlogy, (X, POSITIVE)),
    "scipy.stats.norm.logpdf": (jsp.stats.norm.logpdf, (X, Y, POSITIVE)),
    "scipy.stats.gamma.logpdf": (jsp.stats.gamma.logpdf, (POSITIVE, POSITIVE + 1)),
    "scipy.stats.t.logpdf": (jsp.stats.t.logpdf, (X, POSITIVE)),
}  # fmt: skip

AUTOGRAD: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    **{
        name: (getattr(anp, name), (X,))
        for name in ("abs", "arctan", "cos", "cosh", "cumsum", "exp", "expm1", "sin", "sinc", "sinh", "square", "tanh")
    },
    **{name: (getattr(anp, name), (POSITIVE,)) for name in ("log", "log1p", "log2", "sqrt", "reciprocal")},
    "arctan2": (anp.arctan2, (X, Y)),
    "dot": (anp.dot, (X, Y.T)),
    "einsum": (lambda a, b: anp.einsum("ij,kj->ik", a, b), (X, Y)),
    "logaddexp": (anp.logaddexp, (X, Y)),
    "matmul": (anp.matmul, (X, Y.T)),
    "maximum": (anp.maximum, (X, Y)),
    "mean": (lambda a: anp.mean(a, axis=0), (X,)),
    "power": (anp.power, (POSITIVE, Y)),
    "prod": (lambda a: anp.prod(a, axis=1), (X,)),
    "sort": (anp.sort, (X[:, 0],)),
    "std": (lambda a: anp.std(a, axis=0), (X,)),
    "var": (lambda a: anp.var(a, axis=1), (X,)),
    "linalg.det": (anp.linalg.det, (SQUARE,)),
    "linalg.inv": (anp.linalg.inv, (SQUARE,)),
    "linalg.norm": (anp.linalg.norm, (X,)),
    "linalg.solve": (anp.linalg.solve, (SQUARE, X)),
    "linalg.svd": (lambda a: anp.linalg.svd(a, full_matrices=False)[1], (X,)),
    "scipy.special.erf": (asp.erf, (X,)),
    "scipy.special.gammaln": (asp.gammaln, (POSITIVE,)),
    "scipy.special.logsumexp": (lambda a: asp.logsumexp(a, axis=1), (X,)),
}

K = keras.layers
STEPS = RNG.normal(size=(2, 4, 3))
IMAGES = RNG.normal(size=(2, 5, 5, 2))
TENSORFLOW: dict[str, tuple[Callable[[str], Any], tuple[Any, ...]]] = {
    **{
        f"nn.{name}": (lambda _, name=name: getattr(tf.nn, name), (X,))
        for name in ("elu", "gelu", "leaky_relu", "log_softmax", "selu", "sigmoid", "silu", "softmax", "softplus")
    },
    "linalg.det": (lambda _: tf.linalg.det, (SQUARE,)),
    "linalg.inv": (lambda _: tf.linalg.inv, (SQUARE,)),
    "linalg.solve": (lambda _: tf.linalg.solve, (SQUARE, STEPS.reshape(4, 6))),
    "linalg.cholesky": (lambda _: lambda a: tf.linalg.cholesky((a + tf.transpose(a)) / 2), (DEFINITE,)),
    "linalg.eigvalsh": (lambda _: lambda a: tf.linalg.eigvalsh((a + tf.transpose(a)) / 2), (DEFINITE,)),
    "math.lgamma": (lambda _: tf.math.lgamma, (POSITIVE,)),
    "math.igamma": (lambda _: tf.math.igamma, (POSITIVE, POSITIVE + 1)),
    "math.ndtri": (lambda _: tf.math.ndtri, (SHARE,)),
    "keras Dense": (lambda d: K.Dense(2, activation="tanh", dtype=d), (X,)),
    "keras EinsumDense": (lambda d: K.EinsumDense("abc,cd->abd", (None, 2), bias_axes="d", dtype=d), (STEPS,)),
    "keras PReLU": (lambda d: K.PReLU(dtype=d), (X,)),
    "keras Conv1D": (lambda d: K.Conv1D(2, 3, dtype=d), (STEPS,)),
    "keras Conv2D": (lambda d: K.Conv2D(3, 3, strides=2, dtype=d), (IMAGES,)),
    "keras Conv2DTranspose": (lambda d: K.Conv2DTranspose(3, 3, dtype=d), (IMAGES[:, :3, :3],)),
    "keras DepthwiseConv2D": (lambda d: K.DepthwiseConv2D(3, dtype=d), (IMAGES,)),
    "keras SeparableConv2D": (lambda d: K.SeparableConv2D(3, 3, dtype=d), (IMAGES,)),
    "keras AveragePooling2D": (lambda d: K.AveragePooling2D(2, dtype=d), (IMAGES,)),
    "keras MaxPooling2D": (lambda d: K.MaxPooling2D(2, dtype=d), (IMAGES,)),
    "keras BatchNormalization": (lambda d: K.BatchNormalization(dtype=d), (X,)),
    "keras LayerNormalization": (lambda d: K.LayerNormalization(dtype=d), (X,)),
    "keras GroupNormalization": (lambda d: K.GroupNormalization(1, dtype=d), (STEPS,)),
    "keras UnitNormalization": (lambda d: K.UnitNormalization(dtype=d), (X,)),
    "keras SimpleRNN": (lambda d: K.SimpleRNN(2, dtype=d), (STEPS,)),
    "keras LSTM": (lambda d: K.LSTM(2, dtype=d), (STEPS,)),
    "keras GRU": (lambda d: K.GRU(2, return_sequences=True, dtype=d), (STEPS,)),
    "keras Bidirectional": (lambda d: K.Bidirectional(K.SimpleRNN(2, dtype=d), dtype=d), (STEPS,)),
    "keras MultiHeadAttention": (lambda d: K.MultiHeadAttention(2, 2, dtype=d), (STEPS, STEPS[:, :2])),
    "keras Attention": (lambda d: K.Attention(dtype=d), ([STEPS, STEPS[:, :2]],)),
    "keras Add": (lambda d: K.Add(dtype=d), ([X, Y],)),
}

SPOILT: dict[str, Callable[[Any], Any]] = {
    "1.001 ×": lambda g: g * 1.001,
    "one sign flipped": lambda g: g * np.where(np.arange(np.size(g)).reshape(np.shape(g)) == _largest(g), -1.0, 1.0),
}


def _largest(g: Any) -> int:
    return int(np.argmax(np.abs(np.asarray(g)))) if not isinstance(g, jax.core.Tracer) else 0


def spoilt_jax(f: Callable[..., Any], spoil: Callable[[Any], Any]) -> Callable[..., Any]:
    """The same function with the gradient of its first input spoilt."""
    made = jax.custom_vjp(lambda *args: f(*args))

    def backward(args: Any, v: Any) -> Any:
        first, *rest = jax.vjp(f, *args)[1](v)
        return (spoil(first), *rest)

    made.defvjp(lambda *args: (f(*args), args), backward)
    return made


def spoilt_autograd(f: Callable[..., Any], spoil: Callable[[Any], Any]) -> Callable[..., Any]:
    """The same function as a primitive with the gradient of its first input spoilt."""
    made = primitive(lambda *args: f(*args))

    def rule(i: int) -> Any:
        how = spoil if i == 0 else (lambda g: g)
        return lambda ans, *args: lambda v: how(make_vjp(f, i)(*args)[0](v))

    defvjp(made, *(rule(i) for i in range(3)))
    return made


def spoilt_tensorflow(f: Callable[..., Any], spoil: Callable[[Any], Any]) -> Callable[..., Any]:
    """The same function or layer with the gradient of its first input spoilt."""
    through = tf.custom_gradient(lambda x: (tf.identity(x), lambda v: tf.constant(spoil(v.numpy()))))
    return lambda first, *rest: f([through(first[0]), *first[1:]] if isinstance(first, list) else through(first), *rest)


def tensors(args: Any, dtype: str) -> Any:
    """The arrays in lists as tensors of ``dtype``."""
    return [tensors(a, dtype) if isinstance(a, list) else tf.constant(a, dtype) for a in args]


Row = tuple[str, str, list[Outcome]]


def jax_rows(names: list[str]) -> Iterator[Row]:
    """Each function of JAX: right in 64 and in 32 bits, then spoilt."""
    for name in names:
        f, args = JAX[name]
        with jax.enable_x64(True):
            wide = [jnp.asarray(a) for a in args]
            found = [audit(f, *wide, name=name, locate=False)]
            found += [audit(spoilt_jax(f, how), *wide, name=name, locate=False) for how in SPOILT.values()]
        narrow = [jnp.asarray(a, dtype=jnp.float32) for a in args]
        single = audit(f, *narrow, name=name, locate=False)
        yield "jax", name, [found[0].outcome, single.outcome, *(r.outcome for r in found[1:])]


def autograd_rows(names: list[str]) -> Iterator[Row]:
    """Each function of autograd: right, then spoilt."""
    for name in names:
        f, args = AUTOGRAD[name]
        found = [audit(f, *args, name=name, locate=False)]
        found += [audit(spoilt_autograd(f, how), *args, name=name, locate=False) for how in SPOILT.values()]
        yield "autograd", name, [r.outcome for r in found]


def tensorflow_rows(names: list[str]) -> Iterator[Row]:
    """Each function of TensorFlow and layer of Keras: right in 64 and in 32 bits, then spoilt."""
    for name in names:
        make, arrays = TENSORFLOW[name]
        keras.utils.set_random_seed(0)
        found = []
        for dtype in ("float64", "float32"):
            args = tensors(arrays, dtype)
            f = make(dtype)
            f(*args)  # a layer makes its variables
            found.append(audit(f, *args, name=name, locate=False).outcome)
            if dtype == "float64":
                wrong = [spoilt_tensorflow(f, how) for how in SPOILT.values()]
                last = [audit(g, *args, name=name, locate=False).outcome for g in wrong]
        yield "tensorflow", name, [*found, *last]


def main() -> int:
    """Print the table; the exit code is 1 where a right function fails or a spoilt one does not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="every 24th function, nothing written")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="every Nth function")
    args = parser.parse_args()
    step = 24 if args.quick else args.every
    rows = [
        *jax_rows(list(JAX)[::step]),
        *tensorflow_rows(list(TENSORFLOW)[::step]),
        *autograd_rows(list(AUTOGRAD)[::step]),
    ]
    odd = [
        (framework, name, [o.value for o in found])
        for framework, name, found in rows
        if found[0] is not Outcome.PASS or Outcome.FAIL in found[:-2] or any(o is not Outcome.FAIL for o in found[-2:])
    ]
    counts = []
    for framework, dtypes in (
        ("jax", ("float64", "float32")),
        ("tensorflow", ("float64", "float32")),
        ("autograd", ("float64",)),
    ):
        found = [outcomes for of, _, outcomes in rows if of == framework]
        for k, column in enumerate((*dtypes, *SPOILT)):
            n = [sum(o[k] is kind for o in found) for kind in (Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE)]
            counts.append([f"{framework}, {column}", len(found), *n])
    made = table(["functions", "audited", "pass", "fail", "inconclusive"], counts)
    listed = "\n".join(f"- {framework} `{name}`: {', '.join(found)}" for framework, name, found in odd) or "- nothing"
    text = f"{made}\n\nNot as it should be (right, spoilt twice):\n\n{listed}"
    print(text)
    if not args.quick:
        words = f" --every {step}" if step > 1 else ""
        write("framework functions", f"`python -m benchmarks.framework_functions{words}`\n\n{text}")
    return int(any(Outcome.FAIL.value in found[:1] for _, _, found in odd))


if __name__ == "__main__":
    sys.exit(main())
