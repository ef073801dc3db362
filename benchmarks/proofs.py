"""Proofs: the error bars of every oracle beside derivatives that are proved, and what the derivation loses to rounding.

    python -m benchmarks.proofs                 # 400 networks, renews docs/benchmarks.md
    python -m benchmarks.proofs --quick         # 40, prints only

The networks are those that the derivation's own equations are held of: every activation, loss, reduction and regime,
up to eight layers. For each the derivative of C along one direction through all parameters is measured by each oracle,
and enclosed by ball arithmetic on the same forward pass.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
from flint import arb

from backprop import ACTIVATIONS, LOSSES, Network, cost, forward
from benchmarks.tables import count, percent, progress, table, write
from checks.equations.cases import Point, build, draw
from checks.equations.proved import WIDE, prove_network
from checks.numeric.balls.enclose import enclose, precision
from checks.numeric.balls.tape import NotProvableError
from checks.numeric.complex_step import complex_step
from checks.numeric.estimate import Estimate
from checks.numeric.line import Line
from checks.numeric.quick import STEP, quick
from checks.numeric.windows import windows
from checks.probes import moved, signed, size

ORACLES: Final = ("windows", "complex step", "quick")
SHARES: Final = (50, 90, 99)


class Sample(NamedTuple):
    """One oracle on one network: whether its interval holds the proved slope, how far off it is, and its bar."""

    oracle: str
    inside: bool
    off: float
    bar: float


def _psi(point: Point, along: dict[str, Any]) -> Any:
    """t -> C at (W, b) + t·(their directions), for real and complex t; and the same of given parameters."""
    case, layers = point.case, range(1, len(point.W))
    rows = (None, *(ACTIVATIONS[name] for name in case.activations))

    def at(given: Any) -> Any:
        W, b = ((None, *(given[f"{kind}{l}"] for l in layers)) for kind in "Wb")
        return cost(LOSSES[case.loss], forward(Network(W, b, rows), point.x).A[-1], point.y, case.reduction)

    parameters = {f"{kind}{l}": getattr(point, kind)[l] for l in layers for kind in "Wb"}

    def psi(t: Any) -> Any:
        return at({name: x + t * along[name] for name, x in parameters.items()})

    return parameters, at, psi


def measure(point: Point, rng: np.random.Generator) -> list[Sample]:
    """Every oracle on one network; none where nothing could be proved."""
    shapes = {f"{kind}{l}": getattr(point, kind)[l] for l in range(1, len(point.W)) for kind in "Wb"}
    along = {name: signed(rng, x.shape) * size(x) for name, x in shapes.items()}
    parameters, at, psi = _psi(point, along)
    value = np.array([at(parameters)])
    proof = enclose(lambda p: np.array([at(p)]), parameters, parameters, np.ones(1), value, seconds=20.0)
    with precision(proof.bits):
        terms = [slope * u for name, us in along.items() for slope, u in _pairs(proof.slopes[name], us)]
        slope, scale = sum(terms, arb(0)), float(sum((t * t for t in terms), arb(0)).mid()) ** 0.5
    if not float(slope.rad()) <= WIDE * scale:
        raise NotProvableError("the enclosure is wide: a kink")
    if not scale:
        return []
    line = Line(lambda t: float(psi(t)))
    found: dict[str, Estimate | None] = {
        "windows": windows(line),
        "complex step": complex_step(lambda t: complex(psi(t)), line),
    }
    seen = quick(line, float(slope.mid()), scale, STEP)
    found["quick"] = seen
    samples = []
    for oracle, estimate in found.items():
        if estimate is not None and estimate.kink is None and np.isfinite(estimate.bar):
            with precision(proof.bits):
                off = abs(float((slope - estimate.value).mid()))
            low, high = estimate.interval
            samples.append(
                Sample(oracle, bool(slope >= low) and bool(slope <= high), off / scale, estimate.bar / scale)
            )
    return samples


def _pairs(slopes: Any, along: Any) -> Any:
    return zip(slopes.ravel(), along.ravel().tolist(), strict=True)


def run(networks: int, base: int) -> str:
    """Measure and prove; both tables."""
    samples: list[Sample] = []
    lost: dict[str, list[Any]] = defaultdict(list)
    why: dict[str, int] = defaultdict(int)
    rng = np.random.default_rng(base)
    for k in range(networks):
        case = draw(rng, seed=base + k)
        point = build(case)
        for at in (point, _moved(point, np.random.default_rng([base, k, 1]))):
            try:
                with np.errstate(all="ignore"):
                    found = measure(at, np.random.default_rng([base, k]))
                    proved = prove_network(at)
            except NotProvableError as error:
                reason = _kind(str(error))
                continue
            samples += found
            for claim in proved:
                lost[claim.kind].append(claim)
            break
        else:
            why[reason] += 1
        progress(k + 1, networks, case.regime)
    return "\n\n".join([_bars(samples), _lost(lost), _refused(why, networks)])


def _moved(point: Point, rng: np.random.Generator) -> Point:
    """The same network a thousandth away: off exact kinks and ties."""
    groups = ({str(l): x for l, x in enumerate(group) if l} for group in (point.W, point.b))
    W, b = ((None, *moved(rng, g, {l: size(x) for l, x in g.items()}).values()) for g in groups)
    return replace(point, W=W, b=b)


def _kind(reason: str) -> str:
    for start, words in (
        ("equal", "equal numbers are compared: a tie"),
        ("a comparison", "a comparison stays undecided"),
        ("the exact value", "float64 over- or underflows, so that it computes something else"),
        ("its time", "time"),
    ):
        if reason.startswith(start):
            return words
    return reason


def _bars(samples: list[Sample]) -> str:
    rows = []
    for oracle in ORACLES:
        mine = [s for s in samples if s.oracle == oracle]
        shares = [s.off / s.bar for s in mine if s.bar]
        outside = sum(not s.inside for s in mine)
        spread = [f"{np.percentile(shares, q):.1g}" for q in SHARES] + [f"{max(shares):.2g}"]
        rows.append([oracle, len(mine), count(outside, len(mine)), *spread, f"{np.median([s.bar for s in mine]):.1g}"])
    head = ["oracle", "directions", "outside", *(f"error / bar, {q} %" for q in SHARES), "most", "median bar / scale"]
    return "Error bars beside proofs, one direction through all parameters of each network:\n\n" + table(head, rows)


def _lost(lost: dict[str, list[Any]]) -> str:
    rows = []
    for kind, name in (("W", "∂C/∂W"), ("b", "∂C/∂b"), ("z", "δ")):
        errors, ulps = ([getattr(p, what) for p in lost[kind]] for what in ("error", "ulps"))
        spread = [f"{np.percentile(errors, q):.1g}" for q in SHARES] + [f"{max(errors):.1g}"]
        rows.append([name, len(errors), sum(p.entries for p in lost[kind]), *spread, f"{np.median(ulps):.1f}"])
    head = ["", "tensors", "entries", *(f"worst entry / rms, {q} %" for q in SHARES), "most", "worst in ulp of itself"]
    head[-1] = "worst of a tensor in its own ulp, median"
    return "What the derivation's own backward pass loses to rounding, proved entry by entry:\n\n" + table(head, rows)


def _refused(why: dict[str, int], networks: int) -> str:
    words = "; ".join(f"{n} ({reason})" for reason, n in sorted(why.items(), key=lambda pair: -pair[1]))
    share = percent(sum(why.values()), networks)
    where = "A network at a tie or a kink is moved by a thousandth."
    return f"{where} Nothing is proved of {share} of the networks: {words or 'none'}."


def main() -> None:
    """Run as a command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="40 networks, printed only")
    parser.add_argument("--no-write", action="store_true")
    args = parser.parse_args()
    networks = 40 if args.quick else args.networks
    text = run(networks, args.seed)
    print(text)
    if not (args.quick or args.no_write):
        command = f"python -m benchmarks.proofs --networks {networks} --seed {args.seed}"
        write("proofs", f"`{command}`\n\n{text}")


if __name__ == "__main__":
    main()
