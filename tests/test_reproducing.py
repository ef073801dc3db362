"""The line that repeats an audit in Python is the caller's own, with the seed."""

from __future__ import annotations

import linecache
from dataclasses import replace

import numpy as np
import pytest

import checks
from checks import WrongGradient, audit

X = np.linspace(0.1, 1, 5)


def again(report):
    return report.findings[0].reproduce


def wrong(x):
    return np.cos(x) / 2


def test_the_call_is_repeated_as_it_was_written_with_its_seed():
    assert again(audit((np.sin, wrong), X)) == "audit((np.sin, wrong), X, seed=0)"
    assert again(checks.audit((np.sin, wrong), X, seed=4, laws="adjoint")) == (
        "checks.audit((np.sin, wrong), X, seed=4, laws='adjoint')"
    )
    report = audit(
        (np.sin, wrong),
        X,  # several lines are one
        name="sine",
    )
    assert again(report) == "audit((np.sin, wrong), X, name='sine', seed=0)"


def test_the_line_gives_the_same_finding():
    first = audit((np.sin, wrong), X, seed=3)
    second = eval(again(first))  # noqa: S307 - the line under test
    assert [replace(f, reproduce="") for f in first.findings] == list(second.findings)


def test_check_says_its_own_call():
    with pytest.raises(WrongGradient) as caught:
        checks.check((np.sin, wrong), X)
    assert again(caught.value.report) == "checks.check((np.sin, wrong), X, seed=0)"


def test_calls_that_hand_on_and_sources_that_are_not_there_give_no_line():
    args = ((np.sin, wrong), X)
    assert again(audit(*args)) == ""
    names = {"audit": audit, "np": np, "wrong": wrong, "X": X}
    linecache.checkcache()
    exec("report = audit((np.sin, wrong), X)", names)  # noqa: S102 - code without a file
    assert again(names["report"]) == ""


def test_the_command_line_repeats_itself(capsys):
    from checks.cli import main

    assert main(["audit", "examples/wrong_layer.py:affine", "--seed", "2"]) == 1
    assert "reproduce  backproof audit examples/wrong_layer.py:affine --seed 2" in capsys.readouterr().out
