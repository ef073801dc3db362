"""The reference vectors: what they cover and are made of, who agrees with them, and that they reject mistakes."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import warnings
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprop import ACTIVATIONS, LOSSES, REDUCTIONS
from checks import MisuseError
from checks.cli import main
from checks.equations import EQUATIONS
from checks.vectors.verify import HOME, array, read, verify

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples" / "vectors"
FAMILIES = ("activations", "equations", "layers", "losses", "networks")
ALL = list(read(HOME))


def of(result: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [(group, test) for group, test in ALL if test["result"] == result]


def adapter(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.adapter


# --- what they cover ------------------------------------------------------------------------------------------


def test_they_are_many_and_small() -> None:
    assert len(ALL) >= 3000
    assert sum(p.stat().st_size for p in HOME.iterdir()) < 8e6


def test_every_activation_loss_reduction_label_depth_and_layer_has_its_vectors() -> None:
    names = {group["name"] for group, test in ALL if test["result"] == "valid"}
    assert names >= {f"activation {name}" for name in ACTIVATIONS}
    assert names >= {f"loss {name} {reduction}" for name in LOSSES for reduction in REDUCTIONS}
    assert names >= {f"network {depth}" for depth in range(1, 7)}
    for result in ("valid", "invalid"):
        assert {group.get("label") for group, _ in of(result)} - {None} == set(EQUATIONS)
    layers = {group["operation"] for group, _ in ALL} - {"activation", "loss", "network"}
    assert len(layers) == 11
    used = [test["parameters"] for group, test in ALL if group["name"].startswith("network")]
    assert {name for p in used for name in p["activations"]} == set(ACTIVATIONS)
    assert {p["loss"] for p in used} == set(LOSSES)


def test_every_regime_is_there_and_every_flag_has_its_note() -> None:
    flags = {flag for _, test in ALL for flag in test["flags"]}
    assert flags >= {"Typical", "Zero", "Saturation", "Tiny", "Huge", "NearKink", "Kink", "Tie", "Batch1", "NonSquare"}
    for name in FAMILIES:
        whole = json.loads((HOME / f"{name}.json").read_text())
        used = {flag for group in whole["groups"] for test in group["tests"] for flag in test["flags"]}
        assert set(whole["notes"]) == used
        assert whole["numberOfTests"] == sum(len(group["tests"]) for group in whole["groups"])
    assert len({test["id"] for _, test in ALL}) == len(ALL)
    for group, test in of("acceptable"):
        assert len(test["alternatives"]) == 2, test["id"]
        assert group["operation"] in ("activation", "loss", "max_pooling")
    assert len(of("invalid")) > 1000


# --- what they are made of ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.slow
def test_files_are_valid_by_their_schema(name: str) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed: it reads the schema")
    schema = json.loads((HOME / "schema.json").read_text())
    whole = json.loads((HOME / f"{name}.json").read_text(), parse_constant=pytest.fail)
    for group in whole["groups"]:
        group["tests"] = group["tests"][::4]
    jsonschema.Draft202012Validator(schema).validate(whole)
    whole["groups"][0]["tests"][0]["result"] = "right"
    assert not jsonschema.Draft202012Validator(schema).is_valid(whole)


def test_inputs_are_exact_in_binary32_and_written_as_short_as_they_can_be() -> None:
    for _, test in ALL:
        for tensor in (*test["inputs"].values(), test["cotangent"]):
            x = array(tensor)
            assert np.array_equal(x, x.astype(np.float32).astype(np.float64)), test["id"]
            assert np.isfinite(x).all()
    assert "0.1000000000000000055" not in (HOME / "layers.json").read_text()


def test_high_and_low_parts_add_up_to_the_decimals() -> None:
    with localcontext() as context:
        context.prec = 120
        for _, test in [*of("valid")[::7], *of("acceptable")]:
            for tensor in (*test["values"].values(), *test["gradients"].values()):
                for text, high, low in zip(tensor["exact"], tensor["high"], tensor["low"], strict=True):
                    whole = Decimal(text)
                    assert float(text) == high
                    assert abs(whole - Decimal(high) - Decimal(low)) <= abs(whole) * Decimal(2) ** -104, test["id"]
                    assert len(whole.as_tuple().digits) <= 52


@pytest.mark.slow
def test_a_fresh_process_writes_them_again_byte_for_byte(tmp_path: Path) -> None:
    """With another hash seed, so that no set and no dict decides an order."""
    pytest.importorskip("flint", reason="python-flint is not installed: it proves the vectors")
    command = [sys.executable, "-m", "checks", "vectors", "write", str(tmp_path)]
    seeded = {**os.environ, "PYTHONHASHSEED": "20090", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=seeded, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert "equations.json: 752 vectors" in done.stdout
    for name in FAMILIES:
        assert (tmp_path / f"{name}.json").read_bytes() == (HOME / f"{name}.json").read_bytes(), name


def test_writing_needs_the_extra_and_a_family_that_there_is(tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    pytest.importorskip("flint", reason="python-flint is not installed: it proves the vectors")
    assert main(["vectors", "write", str(tmp_path), "--families", "tables"]) == 2
    assert "there are: activations, losses" in capsys.readouterr().err
    monkeypatch.setattr("checks.numeric.balls.available", lambda: False)
    assert main(["vectors", "write", str(tmp_path)]) == 2
    assert "pip install backproof[exact]" in capsys.readouterr().err


# --- an independent look at them --------------------------------------------------------------------------------

mpmath = pytest.importorskip("mpmath", reason="mpmath is not installed: it checks the vectors")
mp = mpmath.mp


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + mp.exp(-z))


def _held(z: Any, low: float, high: float) -> Any:
    return min(max(z, low), high)


MP_ACTIVATIONS: dict[str, Any] = {
    "identity": lambda z: z,
    "sigmoid": _sigmoid,
    "tanh": mp.tanh,
    "relu": lambda z: max(z, 0),
    "leaky_relu": lambda z: z if z > 0 else mp.mpf(0.01) * z,
    "elu": lambda z: z if z > 0 else mp.expm1(z),
    "celu": lambda z: z if z > 0 else mp.expm1(z),
    "selu": lambda z: mp.mpf(1.0507009873554805) * (z if z > 0 else mp.mpf(1.6732632423543772) * mp.expm1(z)),
    "gelu": lambda z: z * mp.erfc(-z / mp.sqrt(2)) / 2,
    "gelu_tanh": lambda z: z / 2 * (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (z + mp.mpf(0.044715) * z**3))),
    "silu": lambda z: z * _sigmoid(z),
    "mish": lambda z: z * mp.tanh(mp.log1p(mp.exp(z))),
    "softplus": lambda z: mp.log1p(mp.exp(z)),
    "softsign": lambda z: z / (1 + abs(z)),
    "hardtanh": lambda z: _held(z, -1, 1),
    "hardsigmoid": lambda z: _held(z + 3, 0, 6) / 6,
    "hardswish": lambda z: z * _held(z + 3, 0, 6) / 6,
    "relu6": lambda z: _held(z, 0, 6),
    "log_sigmoid": lambda z: -mp.log1p(mp.exp(-z)),
    "arctan": mp.atan,
    "sin": mp.sin,
}


def _times_log(y: Any, x: Any) -> Any:
    return y * mp.log(x) if y else mp.mpf(0)


def _huber(r: Any) -> Any:
    return r * r / 2 if abs(r) <= 1 else abs(r) - mp.mpf(0.5)


def _softmax_cross_entropy(a: Any, y: Any) -> Any:
    rows, n = a.shape
    total = mp.mpf(0)
    for k in range(n):
        whole = mp.log(sum(mp.exp(z) for z in a[:, k]))
        total -= sum(y[i, k] * (a[i, k] - whole) for i in range(rows))
    return total


def _added(f: Any) -> Any:
    return lambda a, y: sum((f(s, t) for s, t in zip(a.ravel(), y.ravel(), strict=True)), mp.mpf(0))


MP_LOSSES: dict[str, Any] = {
    "squared_error": _added(lambda a, y: (a - y) ** 2 / 2),
    "absolute_error": _added(lambda a, y: abs(a - y)),
    "huber": _added(lambda a, y: _huber(a - y)),
    "log_cosh": _added(lambda a, y: mp.log(mp.cosh(a - y))),
    "binary_cross_entropy": _added(lambda a, y: -_times_log(y, a) - _times_log(1 - y, 1 - a)),
    "binary_cross_entropy_logits": _added(lambda a, y: mp.log1p(mp.exp(a)) - y * a),
    "cross_entropy": _added(lambda a, y: -_times_log(y, a)),
    "softmax_cross_entropy": _softmax_cross_entropy,
    "kl_divergence": _added(lambda a, y: _times_log(y, y / a)),
    "hinge": _added(lambda a, y: max(1 - y * a, 0)),
    "squared_hinge": _added(lambda a, y: max(1 - y * a, 0) ** 2),
    "poisson": _added(lambda a, y: a - _times_log(y, a)),
}


def _numbers(tensor: Any) -> Any:
    return np.array([mp.mpf(x) for x in tensor["data"]], dtype=object).reshape(tensor["shape"])


def _agree(found: Any, text: str, size: Any) -> None:
    """To 45 digits of the largest that is compared: mpmath's derivative is a difference quotient."""
    assert abs(found - mp.mpf(text)) <= mp.mpf(10) ** -45 * max(size, abs(mp.mpf(text)))


def _typical(operation: str, each: int) -> list[Any]:
    chosen: dict[str, list[Any]] = {}
    for group, test in of("valid"):
        if group["operation"] == operation and "label" not in group and "Typical" in test["flags"]:
            chosen.setdefault(group["name"], []).append(test)
    return [test for tests in chosen.values() for test in tests[:each]]


def test_mpmath_finds_the_same_slopes_of_activations_and_losses() -> None:
    activations, losses = _typical("activation", 7), _typical("loss", 6)
    checked = 0
    with mpmath.workdps(150):
        for test in activations:
            name = test["parameters"]["name"]
            if name in MP_ACTIVATIONS:
                z, v, g = _numbers(test["inputs"]["z"]), _numbers(test["cotangent"]), test["gradients"]["z"]["exact"]
                for x, up, text, value in zip(z.ravel(), v.ravel(), g, test["values"]["output"]["exact"], strict=True):
                    _agree(MP_ACTIVATIONS[name](x), value, 1)
                    _agree(up * _slope(MP_ACTIVATIONS[name], x), text, 1)
                checked += 1
        for test in losses:
            p, a, y = test["parameters"], _numbers(test["inputs"]["a"]), _numbers(test["inputs"]["y"])
            share = a.shape[1] if p["reduction"] == "mean" else 1
            loss = MP_LOSSES[p["name"]]
            _agree(loss(a, y) / share, test["values"]["output"]["exact"][0], 1)
            for k, text in enumerate(test["gradients"]["a"]["exact"]):
                _agree(_slope(lambda s, k=k, a=a, y=y, loss=loss: loss(_with(a, k, s), y), a.flat[k]) / share, text, 1)
            checked += 1
    assert checked >= 200


def _with(a: Any, k: int, s: Any) -> Any:
    moved = a.copy()
    moved.flat[k] = s
    return moved


def _slope(f: Any, x: Any) -> Any:
    h = mp.mpf(10) ** -45
    return (f(x - 2 * h) - 8 * f(x - h) + 8 * f(x + h) - f(x + 2 * h)) / (12 * h)


# --- who agrees with them -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "package", "every"),
    [("backprop", "backprop", 1), ("torch", "torch", 2), ("autograd", "autograd", 2), ("jax", "jax", 120)],
)
@pytest.mark.slow
def test_four_implementations_agree_and_are_told_from_every_known_mistake(name: str, package: str, every: int) -> None:
    pytest.importorskip(package, reason=f"{package} is not installed: it is held to the vectors")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        counts = verify(adapter(f"{name}_adapter"), every=every)
    assert [line for c in counts.values() for line in c.failures] == []
    right, rejected = (sum(getattr(c, what) for c in counts.values()) for what in ("right", "rejected"))
    assert right * every > 1800
    assert rejected * every > 1000


def test_each_wrong_answer_is_caught_when_an_implementation_gives_it() -> None:
    wrong = {
        json.dumps((group["operation"], test["parameters"], test["inputs"], test["cotangent"])): test["wrong"]
        for group, test in of("invalid")
    }

    def mistaken(operation: str, parameters: Any, inputs: Any, cotangent: Any) -> Any:
        given = {name: {"shape": list(x.shape), "data": x.ravel().tolist()} for name, x in inputs.items()}
        v = {"shape": list(cotangent.shape), "data": cotangent.ravel().tolist()}
        found = wrong.get(json.dumps((operation, parameters, given, v)))
        return None if found is None else ({}, {name: array(x) for name, x in found.items()})

    counts = verify(mistaken)
    agreed = sum("agrees with a wrong answer" in line for c in counts.values() for line in c.failures)
    assert agreed >= len(wrong)
    caught = sum("is off by" in line for c in counts.values() for line in c.failures)
    assert caught > 400  # the right tests with the same inputs


def test_an_implementation_that_raises_or_answers_nonsense_fails() -> None:
    def raising(*_: Any) -> Any:
        raise ValueError("no such thing")

    counts = verify(raising, families=("equations",))
    assert all(len(c.failures) > 14 for c in counts.values())
    assert sum(len(c.failures) for c in counts.values()) == 752
    assert "raised ValueError: no such thing" in counts["equation B1"].failures[0]
    counts = verify(lambda *_: ({"output": np.nan}, {"z": np.zeros(7)}), families=("activations",))
    assert not any(c.right for c in counts.values())
    with pytest.raises(MisuseError, match="it has: activations"):
        verify(raising, families=("tables",))


def test_another_version_of_the_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "losses.json").write_text('{"version": 2}')
    with pytest.raises(MisuseError, match="not in version 1"):
        verify(lambda *_: None, tmp_path)


def test_the_command_holds_an_adapter_to_them(capsys: Any) -> None:
    using = str(EXAMPLES / "backprop_adapter.py")
    assert main(["vectors", "verify", "--using", f"{using}:adapter", "--families", "losses"]) == 0
    assert "answers right" in capsys.readouterr().out
    assert main(["vectors", "verify", "--using", f"{using}:network", "--families", "losses"]) == 1
    assert "raised TypeError" in capsys.readouterr().out
    assert main(["vectors", "verify", "--using", f"{using}:adapter", "--families", "layers"]) == 3
    assert main(["vectors", "verify", "--using", f"{using}:np"]) == 2
    assert "expected a function" in capsys.readouterr().err


# --- other languages ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["javascript", "c"])
def reader(request: Any, tmp_path_factory: Any) -> list[str]:
    """The command of a reader in another language."""
    if request.param == "javascript":
        node = shutil.which("node")
        if node is None:
            pytest.skip("node is not installed: it runs the JavaScript reader")
        return [node, str(EXAMPLES / "dense.mjs")]
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not Path("/usr/include/cjson/cJSON.h").exists():
        pytest.skip("a C compiler with cJSON (libcjson-dev) is not installed: they build the C reader")
    program = str(tmp_path_factory.mktemp("reader") / "dense")
    warned = ["-std=c11", "-O1", "-Wall", "-Wextra", "-Werror"]
    built, said = _run([compiler, *warned, "-o", program, str(EXAMPLES / "dense.c"), "-lcjson", "-lm"])
    assert built == 0, said
    return [program]


SAID = {
    ("dense.mjs", "networks"): "307 right, 406 rejected, 0 failures, 131 not supported",  # gelu needs an erf
    ("dense.mjs", "equations"): "372 right, 351 rejected, 0 failures, 29 not supported",
    ("dense", "networks"): "360 right, 484 rejected, 0 failures, 0 not supported",
    ("dense", "equations"): "392 right, 360 rejected, 0 failures, 0 not supported",
}


@pytest.mark.parametrize("family", ["networks", "equations"])
def test_a_network_in_another_language_agrees_and_rejects_every_mistake(reader: list[str], family: str) -> None:
    assert _run([*reader, str(HOME / f"{family}.json")]) == (0, SAID[Path(reader[-1]).name, family])


@pytest.mark.parametrize(("family", "group"), [("networks", 0), ("equations", "F1"), ("equations", "B2")])
def test_the_readers_find_a_planted_mistake(reader: list[str], family: str, group: Any, tmp_path: Path) -> None:
    """One entry of one answer doubled, and a wrong answer replaced by the right one."""
    whole = json.loads((HOME / f"{family}.json").read_text())
    tests = next(g for k, g in enumerate(whole["groups"]) if group in (k, g.get("label")))["tests"]
    known = [t for t in tests if "gelu" not in t["parameters"]["activations"]]
    off = [t for t in known if t["result"] == "valid"][-1]
    tensor = next(iter((off["gradients"] or off["values"]).values()))
    tensor["high"][0] = 2 * tensor["high"][0] + tensor["scale"]
    bad = next(t for t in known if t["result"] == "invalid")
    right = next(t for t in known if t["result"] == "valid" and t["inputs"] == bad["inputs"])
    for name, wrong in bad["wrong"].items():
        wrong["data"] = {**right["values"], **right["gradients"]}[name]["high"]
    (tmp_path / "planted.json").write_text(json.dumps(whole))
    code, said = _run([*reader, str(tmp_path / "planted.json")])
    assert code == 1
    assert f"{off['id']}: disagrees" in said
    assert f"{bad['id']}: agrees with a wrong answer" in said
    assert "2 failures" in said


def _run(command: list[str]) -> tuple[int, str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own files
    return done.returncode, (done.stdout + done.stderr).strip()
