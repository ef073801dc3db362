"""Suites: how they are spread out into cases, and what the key of a case depends on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checks.errors import MisuseError
from checks.runs import Grid
from checks.runs.suite import read

HERE = Path(__file__).with_name("suites.py")


def keys(place: str, asked: dict[str, Any] | None = None, seeds: range = range(1)) -> dict[str, str]:
    return {f"{c.name} {c.seed}": c.key for c in read(place).cases(asked or {}, seeds)}


def test_a_grid_is_every_combination_and_seeds_are_fastest() -> None:
    cases = read(f"{HERE}:RIGHT").cases({}, range(2))
    assert len(cases) == 3 * 2 * 1 * 2 * 2
    assert [(c.name, c.seed) for c in cases[:3]] == [
        ("dense[n=1,i=1,o=2,dtype=float32]", 0),
        ("dense[n=1,i=1,o=2,dtype=float32]", 1),
        ("dense[n=1,i=1,o=2,dtype=float64]", 0),
    ]
    assert len({c.key for c in cases}) == len(cases)


def test_the_key_is_of_the_values_the_seed_and_what_is_asked() -> None:
    plain = keys(f"{HERE}:RIGHT")
    assert plain == keys(f"{HERE}:RIGHT")
    assert not set(plain.values()) & set(keys(f"{HERE}:RIGHT", {"resolution": 1e-8}).values())
    assert not set(plain.values()) & set(keys(f"{HERE}:RIGHT", seeds=range(1, 2)).values())


def test_the_key_is_of_the_code_in_the_suites_folder(tmp_path: Path) -> None:
    suite, layer = tmp_path / "keyed_suite.py", tmp_path / "keyed_layer.py"
    suite.write_text("from keyed_layer import f\nSUITE = {'f': f}\n")
    layer.write_text("def f(): pass\n")
    (tmp_path / "unused.py").write_text("a = 1\n")
    first = keys(str(suite))
    (tmp_path / "unused.py").write_text("a = 2\n")
    assert keys(str(suite)) == first
    layer.write_text("def f(): return 1\n")
    assert keys(str(suite)) != first


@pytest.mark.parametrize(
    ("axes", "said"),
    [
        ({"n": []}, r"axis 'n' is \[\]; expected a non-empty sequence, such as \[1, 4\]"),
        ({"n": "abc"}, r"axis 'n' is 'abc'; expected a non-empty sequence"),
        ({"n": [object]}, r"axis 'n' holds <class 'object'> \(type\); expected text, numbers, booleans or None"),
    ],
)
def test_an_axis_that_cannot_be_told_to_a_worker_is_refused(axes: Any, said: str) -> None:
    with pytest.raises(MisuseError, match=said):
        Grid(lambda n: None, axes)


def test_what_is_no_mapping_of_targets_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd_suite.py").write_text("SUITE = [1, 2]\nEMPTY = {}\n")
    with pytest.raises(
        MisuseError, match=r"SUITE in .*odd_suite.py is list; expected a mapping of names to targets: SUITE"
    ):
        read(str(tmp_path / "odd_suite.py"))
    with pytest.raises(MisuseError, match=r"EMPTY in .*odd_suite.py is dict, empty; expected"):
        read(f"{tmp_path / 'odd_suite.py'}:EMPTY")
