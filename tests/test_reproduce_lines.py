"""Twenty failures: the line that each prints shows the same again, on the command line and as an explicit case."""

from __future__ import annotations

import re
import shlex

import pytest

import checks
from checks.cli import main
from checks.testing.gradients import Audited
from checks.testing.run import Run
from checks.verdict import Outcome

pytestmark = pytest.mark.slow

WRONG = """
import numpy as np
import checks


def affine(x, w, b):
    return x @ w.T + b, (x, w)


def back(dx=lambda g, d, x, w: g, dw=lambda g, d, x, w: g, db=lambda g, d, x, w: g):
    def backward(dout, cache):
        x, w = cache
        rest = dout, x, w
        return dx(dout @ w, *rest), dw(dout.T @ x, *rest), db(dout.sum(axis=0), *rest)
    return affine, backward


def tanh(x):
    return np.tanh(x), x


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True), z


def product(a, b):
    return a * b, (a, b)


def unsummed(dout, cache):
    a, b = cache
    return (dout * b)[: len(a)], (dout * a)[: len(b)]


class Dense:
    def __init__(self, i, o):
        self.W, self.b = np.random.randn(i, o), np.zeros(o)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout[0] if len(dout) else 0 * self.b
        return dout @ self.W.T


AFFINE = {
    "half": back(dw=lambda g, *_: g / 2),
    "sign": back(dx=lambda g, *_: -g),
    "mean": back(db=lambda g, d, *_: g / max(len(d), 1)),
    "first": back(db=lambda g, d, *_: d[:1].sum(axis=0)),
    "zero": back(dw=lambda g, *_: 0 * g),
    "odd": back(dx=lambda g, *_: g * (1 + g.shape[1] % 2)),
    "even": back(dx=lambda g, *_: g * (2 - g.shape[1] % 2)),
    "one": back(dw=lambda g, d, *_: g * (2 if len(d) == 1 else 1)),
    "square": back(dx=lambda g, d, x, w: g * (1 if w.shape[0] == w.shape[1] else 3)),
    "equal": back(dx=lambda g, d, x, w: g * (3 if w.shape[0] == w.shape[1] else 1)),
    "large": back(dw=lambda g, d, *_: g * (2 if len(d) > 3 else 1)),
    "reversed": back(dw=lambda g, *_: g[::-1]),
    "clipped": back(dx=lambda g, *_: np.clip(g, -1, 1)),
    "slight": back(dw=lambda g, *_: g * 1.001),
    "shape": back(db=lambda g, *_: g[None]),
}
OTHERS = {
    "slope": ("(n)->(n)", (tanh, lambda dout, x: dout * (1 - np.tanh(x)))),
    "diagonal": ("(n,k)->(n,k)", (softmax, lambda dout, z: dout * softmax(z)[0] * (1 - softmax(z)[0]))),
    "broadcast": ("(n|1),(n|1)->(n)", (product, unsummed)),
    "swapped": ("(n),(n)->(n)", (product, lambda dout, c: (dout * c[0], dout * c[1]))),
    "dense": ("(n,i)->(n,o)", Dense),
}


@checks.parametrize_with_gradient_checks(AFFINE, shapes="(n,i),(o,i),(o)->(n,o)")
def test_affine(gradient_check):
    gradient_check()
"""
WRONG += "\n".join(f"""
@checks.parametrize_with_gradient_checks({{{name!r}: OTHERS[{name!r}][1]}}, shapes=OTHERS[{name!r}][0])
def test_{name}(gradient_check):
    gradient_check()
""" for name in ("slope", "diagonal", "broadcast", "swapped", "dense"))  # fmt: skip

SCOPE: dict = {}
exec(compile(WRONG, "test_wrong.py", "exec"), SCOPE)  # noqa: S102 - our own text
FAILURES = dict.fromkeys(SCOPE["AFFINE"], "affine") | {name: name for name in SCOPE["OTHERS"]}


def audited(name) -> Audited:
    """What the test of that target is made of."""
    marks = SCOPE[f"test_{FAILURES[name]}"].pytestmark
    found = {p.values[0].audited.entry.id: p.values[0].audited for p in marks[0].args[1]}
    return found[name]


def shown(text):
    return re.findall(r"(?:claimed|because) .*", text)


def test_there_are_twenty():
    assert len(FAILURES) == 20


@pytest.mark.parametrize("name", FAILURES)
def test_the_line_of_a_failure_shows_the_same_again(name, tmp_path, monkeypatch, capsys):
    target = audited(name)
    report = target.audit(Run(profile="quick", seed=11), laws=None)
    finding = next(f for f in report.findings if f.verdict.outcome is Outcome.FAIL)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "test_wrong.py").write_text(WRONG, encoding="utf-8")
    line = f"backproof audit 'test_wrong.py:test_{FAILURES[name]}[{name}]' --case {shlex.quote(finding.case)}"
    assert main(shlex.split(line)[1:]) == 1
    printed = capsys.readouterr().out
    assert line in printed
    assert shown(printed) == shown(str(report))
    shapes = target.options["shapes"]
    again = checks.audit(target.entry.target, shapes=shapes, cases=[finding.case], examples=1, name=name, locate=False)
    (same, *_) = [f for f in again.findings if f.verdict.outcome is Outcome.FAIL]
    assert same.case == finding.case
    assert (same.verdict.law, same.verdict.claimed) == (finding.verdict.law, finding.verdict.claimed)
