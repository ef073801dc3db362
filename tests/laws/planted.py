"""Mistakes planted so that one law alone catches each, with right twins: what changes is the flag ``wrong``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from checks import Subject


class Planted(NamedTuple):
    law: str
    name: str
    make: Callable[[bool], Subject]


PLANTED: list[Planted] = []


def planted(law: str) -> Callable[[Callable[[bool], Subject]], Callable[[bool], Subject]]:
    def register(make: Callable[[bool], Subject]) -> Callable[[bool], Subject]:
        PLANTED.append(Planted(law, make.__name__, make))
        return make

    return register


def draw(*shape: int, seed: int = 5) -> Any:
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def affine_forward(p: Any) -> Any:
    return p["x"] @ p["w"] + p["b"]


def affine_pullback(p: Any, v: Any) -> dict[str, Any]:
    return {"x": v @ p["w"].T, "w": p["x"].T @ v, "b": v.sum(axis=0)}


def affine(pullback: Any = affine_pullback, n: int = 6, **options: Any) -> Subject:
    point = {"x": draw(n, 3), "w": draw(3, 4), "b": draw(4)}
    return Subject(**{"name": "affine", "point": point, "forward": affine_forward, "pullback": pullback, **options})


def sine(pullback: Any, n: int = 30, **options: Any) -> Subject:
    point = {"x": draw(n)}
    return Subject(
        **{"name": "sine", "point": point, "forward": lambda p: np.sin(p["x"]), "pullback": pullback, **options}
    )


def known_by(v: Any) -> Any:
    """What a memory of earlier calls takes for the same upstream: values, and where and how they lie."""
    return v.strides, v.flags.writeable, v.tobytes()


def cosine(p: Any, v: Any) -> dict[str, Any]:
    return {"x": np.cos(p["x"]) * v}


# shapes


@planted("shapes")
def bias_without_gradient(wrong: bool) -> Subject:
    return affine(lambda p, v: {k: g for k, g in affine_pullback(p, v).items() if not wrong or k != "b"})


@planted("shapes")
def gradient_is_none(wrong: bool) -> Subject:
    return affine(lambda p, v: {**affine_pullback(p, v), **({"w": None} if wrong else {})})


@planted("shapes")
def gradient_that_broadcasts(wrong: bool) -> Subject:
    return sine(lambda p, v: {"x": cosine(p, v)["x"][:, None] if wrong else cosine(p, v)["x"]})


@planted("shapes")
def gradient_of_nothing(wrong: bool) -> Subject:
    return affine(lambda p, v: {**affine_pullback(p, v), **({"wieght": p["x"].T @ v} if wrong else {})})


@planted("shapes")
def nan_at_zero(wrong: bool) -> Subject:
    def pullback(p: Any, v: Any) -> Any:
        with np.errstate(all="ignore"):
            return {"x": v * (p["x"] / np.abs(p["x"]) if wrong else np.sign(p["x"]))}

    return Subject(
        name="abs", point={"x": np.array([0.0, 1.0, -2.0])}, forward=lambda p: np.abs(p["x"]), pullback=pullback
    )


# claimed


def _closed_over(left_out: dict[str, str]) -> Subject:
    w = draw(3, 4)
    return Subject(
        name="inputs only",
        point={"x": draw(5, 3)},
        forward=lambda p: p["x"] @ w,
        pullback=lambda p, v: {"x": v @ w.T},
        unclaimed=left_out,
    )


@planted("claimed")
def weight_nobody_claims(wrong: bool) -> Subject:
    return _closed_over({"w": "" if wrong else "frozen"})


@planted("claimed")
def weight_outside_wrt(wrong: bool) -> Subject:
    return _closed_over({"w": "outside wrt=", **({"gain": ""} if wrong else {})})


@planted("claimed")
def nested_weight_nobody_claims(wrong: bool) -> Subject:
    return _closed_over({"block.0.w": ""} if wrong else {})


# deterministic: the pullback belongs to what the forward settles on; its first call gives something else


def _settles(first: Callable[[Any], Any], wrong: bool) -> Subject:
    calls = iter([wrong])
    return sine(cosine, forward=lambda p: first(np.sin(p["x"])) if next(calls, False) else np.sin(p["x"]))


@planted("deterministic")
def first_call_not_scaled_yet(wrong: bool) -> Subject:
    return _settles(lambda f: 3.0 * f, wrong)


@planted("deterministic")
def first_call_drops_entries(wrong: bool) -> Subject:
    return _settles(lambda f: f * (draw(30) > 0), wrong)


@planted("deterministic")
def first_call_returns_an_empty_buffer(wrong: bool) -> Subject:
    return _settles(lambda f: 0.0 * f + 1e-9, wrong)


# repeatable: a gradient remembered for the same arguments, and given out changed


def _remembered(change: Callable[[dict[str, Any]], dict[str, Any]], wrong: bool) -> Subject:
    last: dict[str, Any] = {}

    def pullback(p: Any, v: Any) -> Any:
        key = (known_by(v), *(x.tobytes() for x in p.values()))
        if last.get("key") == key and wrong:
            return change(last["gradient"])
        last.update(key=key, gradient=affine_pullback(p, v))
        return last["gradient"]

    return affine(pullback)


@planted("repeatable")
def divided_by_n_once_more(wrong: bool) -> Subject:
    return _remembered(lambda g: {k: a / 6 for k, a in g.items()}, wrong)


@planted("repeatable")
def parameters_given_out_once(wrong: bool) -> Subject:
    return _remembered(lambda g: {"x": g["x"], "w": 0 * g["w"], "b": 0 * g["b"]}, wrong)


@planted("repeatable")
def added_to_what_was_remembered(wrong: bool) -> Subject:
    return _remembered(lambda g: {k: a + a for k, a in g.items()}, wrong)


@planted("repeatable")
def remembered_in_half_the_digits(wrong: bool) -> Subject:
    return _remembered(lambda g: {k: a.astype(np.float32).astype(float) for k, a in g.items()}, wrong)


# zero


@planted("zero")
def ones_where_there_is_no_upstream(wrong: bool) -> Subject:
    return affine(lambda p, v: affine_pullback(p, v if v.any() or not wrong else np.ones_like(v)))


@planted("zero")
def last_gradient_where_there_is_no_upstream(wrong: bool) -> Subject:
    last = {"x": np.ones(30)}

    def pullback(p: Any, v: Any) -> Any:
        if v.any() or not wrong:
            last.update(cosine(p, v))
            return dict(last)
        return dict(last)

    return sine(pullback if wrong else cosine)


@planted("zero")
def normalised_and_scaled_back(wrong: bool) -> Subject:
    def pullback(p: Any, v: Any) -> Any:
        with np.errstate(all="ignore"):
            largest = 2.0 ** np.floor(np.log2(np.abs(v).max()))
            return {"x": np.cos(p["x"]) * (v / largest) * largest if wrong else np.cos(p["x"]) * v}

    return sine(pullback)


# homogeneity


@planted("homogeneity")
def upstream_clipped(wrong: bool) -> Subject:
    return affine(lambda p, v: affine_pullback(p, np.clip(v, -100, 100) if wrong else v))


@planted("homogeneity")
def small_upstream_flushed(wrong: bool) -> Subject:
    return affine(lambda p, v: affine_pullback(p, np.where(np.abs(v) < 1e-4, 0, v) if wrong else v))


@planted("homogeneity")
def clipped_by_norm(wrong: bool) -> Subject:
    return sine(lambda p, v: cosine(p, v * min(1.0, 1e3 / max(np.linalg.norm(v), 1e-9)) if wrong else v))


@planted("homogeneity")
def small_sums_dropped(wrong: bool) -> Subject:
    def pullback(p: Any, v: Any) -> Any:
        g = affine_pullback(p, v)
        return {**g, "b": g["b"] if np.abs(g["b"]).max() > 1e-3 or not wrong else 0 * g["b"]}

    return affine(pullback)


@planted("homogeneity")
def very_small_upstream_taken_for_padding(wrong: bool) -> Subject:
    return affine(lambda p, v: affine_pullback(p, np.where(np.abs(v) < 1e-12, 0, v) if wrong else v))


@planted("homogeneity")
def upstream_with_26_binary_places(wrong: bool) -> Subject:
    return sine(lambda p, v: cosine(p, np.rint(v * 2**26) / 2**26 if wrong else v))


# additivity: what is relative to the upstream's own size scales with it


@planted("additivity")
def entries_small_beside_the_largest_dropped(wrong: bool) -> Subject:
    return sine(lambda p, v: cosine(p, np.where(np.abs(v) < 0.1 * np.abs(v).max(), 0, v) if wrong else v), n=60)


@planted("additivity")
def clipped_at_a_multiple_of_the_mean(wrong: bool) -> Subject:
    def pullback(p: Any, v: Any) -> Any:
        top = 1.8 * np.abs(v).mean()
        return cosine(p, np.clip(v, -top, top) if wrong else v)

    return sine(pullback, n=60)


@planted("additivity")
def quiet_rows_skipped(wrong: bool) -> Subject:
    def pullback(p: Any, v: Any) -> Any:
        loud = np.linalg.norm(v, axis=1, keepdims=True)
        return affine_pullback(p, np.where(loud < 0.35 * loud.max(), 0, v) if wrong else v)

    return affine(pullback, n=40)


# precision: in a branch that is a hundredth of the whole, so that the values stay right to 1e-9


def single(a: Any) -> Any:
    return np.asarray(a).astype(np.float32).astype(np.float64)


def _residual(branch: Any, slope: Any, wrong: bool) -> Subject:
    return Subject(
        name="residual",
        point={"x": draw(30)},
        forward=lambda p: p["x"] + 0.01 * branch(p["x"]),
        pullback=lambda p, v: {"x": v * (1 + 0.01 * (single(slope(p["x"])) if wrong else slope(p["x"])))},
    )


@planted("precision")
def slope_of_tanh_in_float32(wrong: bool) -> Subject:
    return _residual(np.tanh, lambda x: 1 - np.tanh(x) ** 2, wrong)


@planted("precision")
def slope_of_a_cube_in_float32(wrong: bool) -> Subject:
    return _residual(lambda x: x**3, lambda x: 3 * x**2, wrong)


@planted("precision")
def weights_rounded_in_the_backward(wrong: bool) -> Subject:
    return Subject(
        name="residual",
        point={"x": draw(5, 4), "w": draw(4, 4)},
        forward=lambda p: p["x"] + 0.01 * p["x"] @ p["w"],
        pullback=lambda p, v: {
            "x": v + 0.01 * v @ (single(p["w"]) if wrong else p["w"]).T,
            "w": 0.01 * p["x"].T @ v,
        },
    )


# fresh


@planted("fresh")
def remembered_by_the_upstream_alone(wrong: bool) -> Subject:
    last: dict[str, Any] = {}

    def pullback(p: Any, v: Any) -> Any:
        if wrong and last.get("v") == known_by(v):
            return last["gradient"]
        last.update(v=known_by(v), gradient=cosine(p, v))
        return last["gradient"]

    return sine(pullback)


@planted("fresh")
def every_object_adds_a_hook_for_all(wrong: bool) -> Subject:
    hooks: list[float] = []

    def make() -> Subject:
        hooks.append(1.0)
        count = len(hooks) if wrong else 1
        return affine(lambda p, v: {k: count * g for k, g in affine_pullback(p, v).items()}, fresh=make)

    return make()


@planted("fresh")
def second_object_has_no_bias_yet(wrong: bool) -> Subject:
    lazy = affine(lambda p, v: {**affine_pullback(p, v), "b": 0 * p["b"]})
    return affine(fresh=lambda: lazy if wrong else affine())


# layout


@planted("layout")
def read_in_the_order_of_memory(wrong: bool) -> Subject:
    return affine(
        lambda p, v: {**affine_pullback(p, v), "w": p["x"].T @ (v.ravel("K").reshape(v.shape) if wrong else v)}
    )


@planted("layout")
def buffer_read_as_it_lies(wrong: bool) -> Subject:
    def pullback(p: Any, v: Any) -> Any:
        steps = (v.shape[1] * v.itemsize, v.itemsize)
        return affine_pullback(
            p, np.lib.stride_tricks.as_strided(v, v.shape, steps) if wrong and min(v.strides) > 0 else v
        )

    return affine(pullback)


@planted("layout")
def columns_taken_for_rows(wrong: bool) -> Subject:
    def pullback(p: Any, v: Any) -> Any:
        w = p["w"].reshape(p["w"].size, order="A").reshape(p["w"].shape) if wrong else p["w"]
        return {**affine_pullback(p, v), "x": v @ w.T}

    return affine(pullback)


# declared


@planted("declared")
def straight_through_that_clips(wrong: bool) -> Subject:
    return Subject(
        name="round",
        point={"x": 3 * draw(20)},
        forward=lambda p: np.round(p["x"]),
        pullback=lambda p, v: {"x": v * (np.abs(p["x"]) < 2) if wrong else v},
        declared=lambda p, v: {"x": v},
    )


@planted("declared")
def reversal_without_its_factor(wrong: bool) -> Subject:
    return sine(
        lambda p, v: {"x": -(1.0 if wrong else 0.3) * v},
        forward=lambda p: 1.0 * p["x"],
        declared=lambda p, v: {"x": -0.3 * v},
    )


@planted("declared")
def stop_gradient_that_lets_through(wrong: bool) -> Subject:
    return affine(
        lambda p, v: {**affine_pullback(p, v), "x": v @ p["w"].T if wrong else 0 * p["x"]},
        declared=lambda p, v: {"x": 0 * p["x"]},
    )


# jvp


def _with_jvp(jvp: Any) -> Subject:
    return affine(jvp=jvp)


def affine_jvp(p: Any, u: Any) -> Any:
    return u["x"] @ p["w"] + p["x"] @ u["w"] + u["b"]


@planted("jvp")
def jvp_without_the_bias(wrong: bool) -> Subject:
    return _with_jvp(lambda p, u: affine_jvp(p, u) - (u["b"] if wrong else 0))


@planted("jvp")
def jvp_of_zero(wrong: bool) -> Subject:
    return _with_jvp(lambda p, u: (0.0 if wrong else 1.0) * affine_jvp(p, u))


@planted("jvp")
def jvp_of_absolute_tangents(wrong: bool) -> Subject:
    return _with_jvp(lambda p, u: np.abs(affine_jvp(p, u)) if wrong else affine_jvp(p, u))


@planted("jvp")
def jvp_of_a_small_output(wrong: bool) -> Subject:
    scale = np.array([1.0, 1e-12])
    return Subject(
        name="two sizes",
        point={"x": draw(2)},
        forward=lambda p: scale * p["x"] ** 2,
        pullback=lambda p, v: {"x": 2 * scale * p["x"] * v},
        jvp=lambda p, u: 2 * scale * p["x"] * u["x"] * np.array([1.0, 1.1 if wrong else 1.0]),
    )


# symmetry: the pullback is right, but what it is the pullback of is the gradient of nothing


def _field(matrix: Any) -> Subject:
    return Subject(
        name="score",
        point={"x": draw(5)},
        forward=lambda p: np.sin(matrix @ p["x"]),
        pullback=lambda p, v: {"x": matrix.T @ (np.cos(matrix @ p["x"]) * v)},
        symmetric=True,
    )


@planted("symmetry")
def one_entry_of_a_gradient_doubled(wrong: bool) -> Subject:
    scale = np.ones(5)
    scale[2] = 2.0 if wrong else 1.0
    a = draw(5, 5) + draw(5, 5).T

    return Subject(
        name="quartic",
        point={"x": draw(5)},
        forward=lambda p: scale * (a @ p["x"]),
        pullback=lambda p, v: {"x": a @ (scale * v)},
        symmetric=True,
    )


@planted("symmetry")
def matrix_not_symmetrised(wrong: bool) -> Subject:
    a = draw(4, 4)
    h = a if wrong else (a + a.T) / 2
    return Subject(
        name="quadratic",
        point={"x": draw(4)},
        forward=lambda p: h @ p["x"],
        pullback=lambda p, v: {"x": h.T @ v},
        symmetric=True,
    )


@planted("symmetry")
def cross_term_forgotten_once(wrong: bool) -> Subject:
    cross = 0.0 if wrong else 1.0
    return Subject(
        name="product of two blocks",
        point={"x": draw(3), "y": draw(3)},
        forward=lambda p: {"x": 2 * p["x"] + cross * p["y"], "y": p["x"]},
        pullback=lambda p, v: {"x": 2 * v["x"] + v["y"], "y": cross * v["x"]},
        symmetric=True,
    )


# batch: gradients are right, examples are not apart


@planted("batch")
def divided_by_the_number_of_examples(wrong: bool) -> Subject:
    def scale(p: Any) -> float:
        return 1 / len(p["x"]) if wrong else 1.0

    return affine(
        lambda p, v: affine_pullback(p, v * scale(p)),
        forward=lambda p: affine_forward(p) * scale(p),
        batch_axis=0,
        parameters=("w", "b"),
    )


@planted("batch")
def batch_mean_removed(wrong: bool) -> Subject:
    def centred(a: Any) -> Any:
        return a - a.mean(axis=0) if wrong else 1.0 * a

    return Subject(
        name="centre",
        point={"x": draw(6, 3)},
        forward=lambda p: centred(p["x"]),
        pullback=lambda p, v: {"x": centred(v)},
        batch_axis=0,
    )


@planted("batch")
def softmax_along_the_batch(wrong: bool) -> Subject:
    axis = 0 if wrong else 1

    def softmax(p: Any) -> Any:
        e = np.exp(p["x"])
        return e / e.sum(axis=axis, keepdims=True)

    def pullback(p: Any, v: Any) -> Any:
        s = softmax(p)
        return {"x": s * (v - (s * v).sum(axis=axis, keepdims=True))}

    return Subject(name="softmax", point={"x": draw(6, 3)}, forward=softmax, pullback=pullback, batch_axis=0)


# accumulation


def _buffered(add: Callable[[str, Any, Any], Any]) -> Subject:
    def make() -> Subject:
        buffer = {"x": np.zeros((6, 3)), "w": np.zeros((3, 4)), "b": np.zeros(4)}

        def pullback(p: Any, v: Any) -> Any:
            for name, g in affine_pullback(p, v).items():
                buffer[name] = add(name, buffer[name], g)
            return dict(buffer)

        return affine(pullback, fresh=make, accumulates=True)

    return make()


@planted("accumulation")
def buffer_overwritten(wrong: bool) -> Subject:
    return _buffered(lambda name, old, g: g if wrong else old + g)


@planted("accumulation")
def bias_overwritten_weight_added(wrong: bool) -> Subject:
    return _buffered(lambda name, old, g: g if wrong and name == "b" else old + g)


@planted("accumulation")
def added_twice_to_what_was_there(wrong: bool) -> Subject:
    return _buffered(lambda name, old, g: (2 * old if wrong else old) + g)


@planted("accumulation")
def first_input_kept_for_ever(wrong: bool) -> Subject:
    def make() -> Subject:
        buffer, seen = {"x": np.zeros((6, 3)), "w": np.zeros((3, 4)), "b": np.zeros(4)}, {}

        def pullback(p: Any, v: Any) -> Any:
            seen.setdefault("x", p["x"].copy())
            for name, g in affine_pullback({**p, "x": seen["x"] if wrong else p["x"]}, v).items():
                buffer[name] = buffer[name] + g
            return dict(buffer)

        return affine(pullback, fresh=make, accumulates=True)

    return make()


# adjoint


@planted("adjoint")
def a_thousandth_too_much(wrong: bool) -> Subject:
    return affine(lambda p, v: {**affine_pullback(p, v), "w": p["x"].T @ v * (1.001 if wrong else 1.0)})


@planted("adjoint")
def mean_for_sum(wrong: bool) -> Subject:
    return affine(lambda p, v: {**affine_pullback(p, v), "b": v.mean(axis=0) if wrong else v.sum(axis=0)})


@planted("adjoint")
def one_sign_flipped(wrong: bool) -> Subject:
    flip = np.ones(30)
    flip[7] = -1.0 if wrong else 1.0
    return sine(lambda p, v: {"x": flip * cosine(p, v)["x"]})


# pure


@planted("pure")
def upstream_masked_in_place(wrong: bool) -> Subject:
    def pullback(p: Any, v: Any) -> Any:
        if not wrong:
            return {"x": v * (p["x"] > 0)}
        v *= p["x"] > 0
        return {"x": v}

    return Subject(name="relu", point={"x": draw(20)}, forward=lambda p: np.maximum(p["x"], 0), pullback=pullback)


@planted("pure")
def input_centred_in_place(wrong: bool) -> Subject:
    def forward(p: Any) -> Any:
        x = p["x"]
        if wrong:
            x -= x.mean(axis=0)
        else:
            x = x - x.mean(axis=0)
        return 1.0 * x

    return Subject(
        name="centre",
        point={"x": draw(6, 3)},
        forward=forward,
        pullback=lambda p, v: {"x": v - v.mean(axis=0)},
    )


@planted("pure")
def upstream_zeroed_after_use(wrong: bool) -> Subject:
    def pullback(p: Any, v: Any) -> Any:
        g = affine_pullback(p, v)
        if wrong and v.flags.writeable:
            v[...] = 0
        return g

    return affine(pullback)


@planted("pure")
def parameter_replaced_in_the_mapping(wrong: bool) -> Subject:
    def forward(p: Any) -> Any:
        out = affine_forward(p)
        if wrong:
            p["w"] = 0.99 * p["w"]
        return out

    return affine(forward=forward)
