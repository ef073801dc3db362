"""The derivation that comes with backproof, held to the reference vectors.

backproof vectors verify --using examples/vectors/backprop_adapter.py:adapter
"""

import numpy as np

from backprop import (
    ACTIVATIONS,
    LOSSES,
    NUMPY,
    Network,
    backward,
    cost,
    cost_gradient,
    descend,
    forward,
)
from backprop.activations import through


def adapter(operation, parameters, inputs, cotangent):
    """(values, gradients) of an activation, a loss or a network; None for the layers, which it does not have."""
    if operation == "activation":
        row, z = ACTIVATIONS[parameters["name"]], inputs["z"]
        return {"output": row.value(z, NUMPY)}, {"z": through(row, z, cotangent, NUMPY)}
    if operation == "loss":
        row, a, y = LOSSES[parameters["name"]], inputs["a"], inputs["y"]
        value, gradient = (f(row, a, y, parameters["reduction"]) for f in (cost, cost_gradient))
        return {"output": value}, {"a": gradient * cotangent}
    return network(parameters, inputs) if operation == "network" else None


def network(parameters, inputs):
    """Everything that the equations say of one network."""
    depth, loss = len(parameters["activations"]), LOSSES[parameters["loss"]]
    W, b = ([None, *(inputs[f"{kind}{l}"] for l in range(1, depth + 1))] for kind in "Wb")
    sigma = [None, *(ACTIVATIONS[name] for name in parameters["activations"])]
    net = Network(tuple(W), tuple(b), tuple(sigma))
    trace = forward(net, inputs["x"])
    found = backward(net, trace, cost_gradient(loss, trace.A[-1], inputs["y"], parameters["reduction"]))
    values = {"output": cost(loss, trace.A[-1], inputs["y"], parameters["reduction"])}
    gradients = {"x": W[1].T @ found.deltas[1]}
    for l in range(1, depth + 1):
        values |= {f"z{l}": trace.Z[l], f"a{l}": trace.A[l]}
        gradients |= {f"W{l}": found.W[l], f"b{l}": found.b[l], f"delta{l}": found.deltas[l]}
    if "step" in parameters:
        new = descend(net, found, parameters["step"])
        values |= {f"{kind}{l}_new": getattr(new, kind)[l] for kind in "Wb" for l in range(1, depth + 1)}
    if depth == 2 and sigma[2].slope is not None:  # the Jacobian of the second layer, at the first example
        z = trace.Z[2][:, :1]
        values["jacobian"] = through(sigma[2], z, np.ones_like(z), NUMPY) * W[2]
    return values, gradients
