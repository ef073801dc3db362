"""docs/testing.md runs as it is written, and its tests come to what is said above them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from test_pytest_plugin import LOADED

from checks.drawn.values import VALUES
from checks.report.formats import FORMATS
from checks.testing.run import PROFILES

pytest_plugins = "pytester"
PAGE = (Path(__file__).parents[1] / "docs/testing.md").read_text(encoding="utf-8")
FIRST = re.search(r"```python\n(.*?)```", PAGE, re.S)[1]
BLOCKS = re.findall(r"^## ([^\n]*)\n(?:(?!^## ).)*?<!-- ([\w= ]+) -->\n```python\n(.*?)```", PAGE, re.S | re.M)


@pytest.mark.parametrize(("heading", "outcomes", "block"), BLOCKS, ids=[heading for heading, _, _ in BLOCKS])
def test_a_block_comes_to_what_is_said_above_it(pytester, heading, outcomes, block):
    pytester.makepyfile(f"{FIRST}\n{block}")
    result = pytester.runpytest_inprocess(*LOADED, "-p", "no:cacheprovider", "-W", "default", "--gradient-seed=1")
    result.assert_outcomes(**{word: int(n) for word, n in re.findall(r"(\w+)=(\d+)", outcomes)})


def test_what_is_named_is_what_there_is():
    assert len(BLOCKS) == 5
    for kind in VALUES:
        assert f"`{kind}`" in PAGE, kind
    assert ", ".join(FORMATS) in PAGE
    for name, profile in PROFILES.items():
        assert re.search(rf"`{name}` \({profile.examples:,}\D+{profile.networks}", PAGE), name
