"""The pytest plugin: options, the marker, the fixture, the section at the end. Loads pytest and nothing else heavy."""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from checks.testing.run import CURRENT, INCONCLUSIVE, PROFILES, Run, current, fresh_seed, running

SEED_KEY = "backproof_seed"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Few flags; each has an ini option for what should hold in every run."""
    from checks.commands.arguments import report

    group = parser.getgroup("backproof", "audits of gradients")
    group.addoption("--gradient-profile", choices=tuple(PROFILES), help="how much audits ask (default quick)")
    group.addoption("--gradient-seed", type=_seed, metavar="N", help="what every random number comes from")
    group.addoption(
        "--gradient-report",
        type=report,
        action="append",
        default=[],
        metavar="FORMAT:PATH",
        help="write a report of all audits when the run ends; may be given several times",
    )
    parser.addini("gradient_report", "FORMAT:PATH, one a line", type="linelist", default=[])
    parser.addini("gradient_profile", f"how much audits ask: {', '.join(PROFILES)}", default="quick")
    parser.addini("gradient_seed", "what every random number comes from; empty: the profile says", default="")
    parser.addini(
        "gradient_inconclusive",
        f"what comes of a test that stays undecided: {', '.join(INCONCLUSIVE)}; empty: the profile says",
        default="",
    )


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise pytest.UsageError(f"the gradient seed is {text!r}; expected a whole number from 0 on, such as 7")
    return int(text)


def pytest_configure(config: pytest.Config) -> None:
    """Read what this run asks, and register the marker."""
    config.addinivalue_line("markers", "gradients: audits of gradients, made by backproof")
    profile = config.getoption("gradient_profile") or config.getini("gradient_profile")
    if profile not in PROFILES:
        raise pytest.UsageError(f"gradient_profile is {profile!r}; expected one of {', '.join(PROFILES)}")
    inconclusive = config.getini("gradient_inconclusive") or PROFILES[profile].inconclusive
    if inconclusive not in INCONCLUSIVE:
        raise pytest.UsageError(f"gradient_inconclusive is {inconclusive!r}; expected {' or '.join(INCONCLUSIVE)}")
    seed, given = config.getoption("gradient_seed"), config.getini("gradient_seed")
    if seed is None and given:
        seed = _seed(given)
    if seed is None:
        seed = fresh_seed() if PROFILES[profile].fresh else 0
    worker = getattr(config, "workerinput", None)
    CURRENT.append(
        Run(
            profile=profile,
            seed=seed if worker is None else worker[SEED_KEY],
            inconclusive=inconclusive,
            files=_files(config),
        )
    )


def _files(config: pytest.Config) -> tuple[tuple[str, str], ...]:
    from checks.commands.arguments import report

    try:
        return (*map(report, config.getini("gradient_report")), *config.getoption("gradient_report"))
    except ArgumentTypeError as error:
        raise pytest.UsageError(f"gradient_report: {error}") from None


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave things as they were: a run may be one of several in a process."""
    if len(CURRENT) > 1:
        CURRENT.pop()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist the seed that the header printed."""
    node.workerinput[SEED_KEY] = current().seed


def pytest_report_header(config: pytest.Config) -> str:
    """Say how audits are made, and how to make the same again."""
    run = current()
    return f"backproof: profile {run.profile}, seed {run.seed} (again: --gradient-seed {run.seed})"


def _check(item: Any) -> Any:
    """The check of ours that an item's function is given; None where it is given none."""
    params = getattr(getattr(item, "callspec", None), "params", {})
    return next((v for v in params.values() if type(v).__module__.startswith("checks.testing.")), None)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what a decorator made; the marker is ours, so that it is known wherever the plugin is."""
    if _check(item) is not None or "audit_gradients" in getattr(item, "fixturenames", ()):
        item.add_marker("gradients")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Tell every audit which of its laws are asked for: one audit serves them all, and nothing else is paid for."""
    for item in session.items:
        check = _check(item)
        if hasattr(check, "audited"):
            check.audited.selected.add(check.law)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Let records find their item; a test that is given a check and never asks it proves nothing, and fails."""
    with running(item) as run:
        yield
        check = _check(item)
        if check is not None and not run.asked:
            pytest.fail(f"the test never called {check.argument}(), so nothing was audited; call it", pytrace=False)


@pytest.fixture
def audit_gradients() -> Callable[..., Any]:
    """Audit a target inside a test: ``audit_gradients(target, *args, **options)``, as `checks.audit` takes them.

    The seed and the profile are those of the run. The report is returned where everything passes; the test fails where
    something does not, and what is inconclusive is an error or a warning, as the run says.
    """
    from checks.testing.asked import audited

    return audited


def pytest_report_teststatus(report: Any, config: pytest.Config) -> tuple[str, str, str] | None:
    """What is inconclusive has a name of its own, and is no pass and no mere skip."""
    if report.when == "call" and report.skipped and not hasattr(report, "wasxfail"):
        from checks.testing.records import records

        if any(record["outcome"] == "inconclusive" for record in records(report.user_properties)):
            return "inconclusive", "?", "INCONCLUSIVE"
    return None


def pytest_runtest_logreport(report: Any) -> None:
    """Gather records: in the process that reports to people, whichever worker made them."""
    if report.when == "call" and any(name == "backproof" for name, _ in report.user_properties):
        from checks.testing.records import records

        expected = report.skipped and hasattr(report, "wasxfail")
        current().found.extend((record, expected) for record in records(report.user_properties))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """The section at the end; in the controller alone."""
    run = current()
    if not run.found or hasattr(config, "workerinput"):
        return
    from checks.testing.summary import lines

    terminalreporter.section(f"gradients (profile {run.profile}, seed {run.seed})")
    for line in lines(run.found):
        terminalreporter.write_line(line)
    for form, path in run.files:
        from checks.testing.files import save

        terminalreporter.write_line(save(form, path, [record for record, _ in run.found]))
