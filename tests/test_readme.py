"""README.md says what is so: its report is real, its Python runs, its table is the API, its commands are one line."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import checks
from checks.adapters import ADAPTERS
from checks.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(mark: str) -> str:
    """The code block behind an HTML comment."""
    found = re.search(rf"<!-- {re.escape(mark)} -->\n```\w+\n(.*?)```", README, re.S)
    assert found, mark
    return found[1]


def without_chance(text: str) -> str:
    """A report without what another machine may round differently: bars, counts of passes, seconds."""
    text = re.sub(r"± \S+", "± …", text)
    text = re.sub(r"right to \S+", "right to …", text)
    return re.sub(r"\([\d,]+ forward passes?, [\d,]+ pullbacks?, \S+ s,", "(…", text)


def test_the_report_is_the_one_that_the_command_prints(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    words = "audit examples/wrong_layer.py:affine"
    assert main(words.split()) == 1
    printed = capsys.readouterr().out
    assert without_chance(block(f"output: {words}")) == without_chance(printed), f"README should show\n{printed}"


def without_cost(text: str) -> str:
    """What pytest printed without what another machine makes different: bars, counts, times, rules."""
    text = re.sub(r"(?m)^(Dense|Averaged|slowest|target)(:? .*)", lambda m: " ".join(f"{m[1]}{m[2]}".split()), text)
    text = re.sub(r"(?m)^((?:Dense|Averaged) .*?)(?: \S+){4}$", r"\1 …", text)
    text = re.sub(r"slowest: .*", "slowest: …", text)
    return re.sub(r"(?m)=+( .*? )=+$|in [\d.]+s$", r"\1", without_chance(text)).rstrip()


@pytest.mark.slow
def test_the_three_lines_print_what_is_shown():
    words = "pytest examples/test_layers.py -q --gradient-seed 0"
    installed = any(point.name == "backproof" for point in entry_points(group="pytest11"))
    loaded = () if installed else ("-p", "checks.pytest_plugin")
    flags = (*loaded, "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(ROOT))
    ours = (
        "PYTEST_ADDOPTS",
        "CI",
        "BUILD_NUMBER",
    )  # pytest shortens its summary unless it runs in continuous integration
    env = {k: v for k, v in os.environ.items() if k not in ours} | {"COLUMNS": "80", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(  # noqa: S603 - ours
        [sys.executable, "-m", *words.split(), *flags], capture_output=True, text=True, cwd=ROOT, env=env
    )
    assert without_cost(block(f"output: {words}")) == without_cost(done.stdout), f"README should show\n{done.stdout}"
    example = (ROOT / "examples/test_layers.py").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```python\n(@checks.*?)```", README, re.S)
    assert shown.splitlines()[0] in example


def test_the_wrong_layer_shown_is_the_one_in_the_example():
    example = (ROOT / "examples/wrong_layer.py").read_text(encoding="utf-8")
    shown = re.search(r"```python\n(def affine_backward.*?)\n\n\n(affine = .*?)\n```", README, re.S)
    assert shown
    without_docstrings = re.sub(r'    """.*?"""\n', "", example)
    assert shown[1] in without_docstrings
    assert shown[2] in example


def test_the_python_runs():
    exec(compile(block("python"), "README.md", "exec"), {})  # noqa: S102 - our own README


def test_the_table_of_names_is_the_api_sorted():
    table = README.split("## API")[1].split("## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.M) == checks.__all__ == sorted(checks.__all__)


@pytest.mark.parametrize("name", checks.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert inspect.getdoc(getattr(checks, name))


def test_what_it_takes_is_written_as_the_adapters_say():
    table = README.split("## What it takes")[1].split("## ")[0]
    known = {way for row in ADAPTERS.values() for way in row.write.split(" or ")}
    known |= {way.replace("audit(Subject", "audit(checks.Subject") for way in known}
    known |= {"audit(checks.adapters.step(one_step, loss, w, lr=0.01))"}  # makes a Subject itself
    shown = set(re.findall(r"`(audit\(.*?\))`(?:;| \|)", table))
    assert len(shown) >= 9
    assert shown <= known


@pytest.mark.parametrize("name", ["run", "test"])
def test_the_commands_are_one_line_each(name):
    line = block(f"command: {name}")
    assert line.count("\n") == 1
    assert line.startswith("python3 -m venv .venv && ")


def test_files_that_are_linked_are_there():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("first", ["import checks.auditing", "from checks import check", "from checks.cli import main"])
def test_audit_is_the_function_whatever_was_imported_before(first):
    code = f"{first}\nimport checks\nfrom checks import audit\nassert checks.audit is audit and callable(audit)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)  # noqa: S603 - ours
    assert done.returncode == 0, done.stderr
