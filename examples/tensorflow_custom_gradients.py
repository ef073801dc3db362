"""Audit custom gradients of the kinds that TensorFlow's and Keras' guides teach, written anew.

What is found (`tests/test_examples.py` holds these statements)
----------------------------------------------------------------
- log(1 + exp x) with the gradient that stays finite passes, and so does a polynomial whose gradient function answers
  for the variables that it uses.
- A layer of Keras with weights, the antirectifier, passes in float32, measured in float64.
- Clipping gradients by their norm is no gradient of the identity: it is not linear in what comes from above.
- The gradient function that returns its variables' gradients in another order is found, each variable by its name.

Run ``python examples/tensorflow_custom_gradients.py`` for the reports.
"""

import keras
import numpy as np
import tensorflow as tf

import checks
from checks.adapters import adapt

rng = np.random.default_rng(0)
x = tf.constant(rng.normal(size=(4, 3)))


@tf.custom_gradient
def log1pexp(x):
    """log(1 + exp x)."""
    e = tf.exp(x)
    return tf.math.log(1 + e), lambda v: v * (1 - 1 / (1 + e))


@tf.custom_gradient
def clipped(x):
    """The identity; gradients are no longer than ½."""
    return tf.identity(x), lambda v: tf.clip_by_norm(v, 0.5)


weights = [tf.Variable(2.0, dtype=tf.float64, name="slope"), tf.Variable(3.0, dtype=tf.float64, name="offset")]


def polynomial(*, exchanged):
    """slope·x + offset, with the gradients of the variables; ``exchanged``: each is given the other's."""
    slope, offset = weights

    @tf.custom_gradient
    def polynomial(x):
        def backward(v, variables):
            found = {slope.ref(): tf.reduce_sum(v * x), offset.ref(): tf.reduce_sum(v)}
            if exchanged:
                found = dict(zip(found, reversed(found.values()), strict=True))
            return v * slope, [found[w.ref()] for w in variables]

        return slope * x + offset, backward

    return polynomial


class Antirectifier(keras.layers.Layer):
    """Both halves of what is centred and scaled to unit length, weighted."""

    def build(self, shape):
        """Make the weights of both halves."""
        self.kernel = self.add_weight(shape=(2 * shape[-1], 2), initializer="he_normal", name="kernel")

    def call(self, x):
        """Apply it to rows of x."""
        x = x - keras.ops.mean(x, axis=-1, keepdims=True)
        x = x / keras.ops.sqrt(keras.ops.sum(x**2, axis=-1, keepdims=True))
        return keras.ops.concatenate([keras.ops.relu(x), keras.ops.relu(-x)], axis=-1) @ self.kernel


right = {
    "log1pexp": lambda: adapt(log1pexp, x),
    "polynomial": lambda: adapt(polynomial(exchanged=False), x),
    "antirectifier": lambda: adapt(Antirectifier, tf.cast(x, tf.float32)),
}
wrong = {
    "clipped": lambda: adapt(clipped, x),
    "polynomial, gradients exchanged": lambda: adapt(polynomial(exchanged=True), x),
}

if __name__ == "__main__":
    for subject in (*right.values(), *wrong.values()):
        print(checks.audit(subject), "\n")
