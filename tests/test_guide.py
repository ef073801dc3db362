"""docs/guide.md runs as it is written, and each block gives what its last line says."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import pytest
from outputs import printed, shown, without_chance

import checks.adapters
from checks import Outcome

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "docs/guide.md").read_text(encoding="utf-8")
FIRST, *BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE, re.S)


def heading(k):
    """The section that block ``k`` stands in."""
    before = "".join(GUIDE.split("```python\n")[: k + 2])
    return re.findall(r"^## (.*)$", before, re.M)[-1]


@pytest.mark.parametrize("k", range(len(BLOCKS)), ids=lambda k: heading(k))
def test_each_block_gives_what_it_says(k):
    for framework in re.findall(r"^(?:import|from) (torch|jax|autograd|tensorflow|keras)\b", BLOCKS[k], re.M):
        pytest.importorskip(framework, reason=f"{framework} is not installed: it is what the block audits")
    if "proof=True" in BLOCKS[k]:
        pytest.importorskip("flint", reason="python-flint is not installed: it is what proves")
    names = {}
    exec(compile(FIRST, "guide.md", "exec"), names)  # noqa: S102 - our own guide
    reports = []

    def audit(*args, **options):
        reports.append(checks.audit(*args, **options))
        return reports[-1]

    exec(compile(BLOCKS[k], "guide.md", "exec"), {**names, "audit": audit})  # noqa: S102 - as above
    said = re.findall(r"  # (pass|fail|inconclusive)$", BLOCKS[k], re.M)
    assert said == [r.outcome.value for r in reports], "\n".join(map(str, reports))
    assert said


def test_the_section_on_proofs_says_what_a_report_says():
    pytest.importorskip("flint", reason="python-flint is not installed: it is what proves")
    k = next(k for k in range(len(BLOCKS)) if heading(k) == "Proofs")
    names = {}
    exec(compile(FIRST + BLOCKS[k], "guide.md", "exec"), names)  # noqa: S102 - our own guide
    quoted = re.search(r"^> (w proved: .*)$", GUIDE, re.M)[1]
    without = partial(re.sub, r"[0-9.]+(e-[0-9]+)?|\[[0-9, ]+\]", "#")  # the last digits are the machine's
    assert without(quoted) in without(str(names["report"]))
    errors = names["proofs"]["w"]
    assert errors.shape == (4, 3)
    assert len(errors.ulps) == len(errors.relative) == len(errors.exact) == 12


@pytest.mark.parametrize(
    ("section", "tensor", "ratio"),
    [
        ("An object whose gradient only an optimiser sees", "b", 0.2),
        ("A loss and its gradient", "yhat", 3.0),
        ("Log-likelihood, score, Hessian", "a (derivative 2)", -1.0),
    ],
)
def test_the_ratios_told_are_those_reported(section, tensor, ratio):
    k = next(k for k in range(len(BLOCKS)) if heading(k) == section)
    names, reports = {}, []
    exec(compile(FIRST, "guide.md", "exec"), names)  # noqa: S102 - our own guide
    names["audit"] = lambda *args, **options: reports.append(checks.audit(*args, **options))
    exec(compile(BLOCKS[k], "guide.md", "exec"), names)  # noqa: S102 - as above
    failed = [f.verdict for f in reports[0].findings if f.verdict.outcome is Outcome.FAIL]
    assert {v.tensor for v in failed} == {tensor}
    assert all(v.ratio == pytest.approx(ratio, rel=1e-6) for v in failed)


SHOWN = shown(ROOT / "docs/guide.md")


def test_ten_mistakes_are_shown():
    assert len(SHOWN) == 10
    told = [re.search(r"looks like (.*)", report)[1] for report in SHOWN.values()]
    assert len(set(told)) == 10


@pytest.mark.parametrize("words", SHOWN, ids=lambda words: words.split(":")[-1])
def test_each_report_is_the_one_that_is_printed_and_its_line_gives_the_same_finding(words):
    now = printed(words)
    assert without_chance(SHOWN[words]) == without_chance(now), f"python tests/outputs.py writes it anew:\n{now}"
    lines = set(re.findall(r"reproduce  backproof (.*)", now))
    assert len(lines) == 1
    assert without_chance(printed(lines.pop())) == without_chance(now)


def test_the_cost_table_is_the_one_that_the_command_prints():
    from checks.laws.table import table

    between = GUIDE.split("<!-- cost table: python -m checks.laws -->")[1].split("<!-- end of the cost table -->")[0]
    assert between.strip() == table()


def test_files_that_are_linked_are_there():
    for target in re.findall(r"\]\(([^)#:]+)\)", GUIDE):
        assert (ROOT / "docs" / target).exists(), target
