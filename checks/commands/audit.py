"""``backproof audit``: the derivation within, or ``FILE.py:NAME`` for all else."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from checks.commands.arguments import REPORTS, budget, names, number, option, positive, report, whole
from checks.commands.said import EPILOG, EXIT, INTERRUPTED, say, written
from checks.errors import MisuseError

if TYPE_CHECKING:
    from checks.report.record import Report

ABOUT: Final = "Measure what a hand-written backward pass claims: pass, fail or inconclusive, with an error bar."
AUDIT_EPILOG: Final = """\
what NAME may be:
  a checks.Subject, or a function without arguments that returns one
  a tuple (forward, backward, x, w, b): a pair with its inputs behind it
  test_function[ID]: a target of checks.parametrize_with_gradient_checks, as its failures print it
  two names with a comma between them, forward,backward, with --inputs NAME2: a tuple of the inputs, or a function
    without arguments that returns it
  anything else that checks.audit takes (README.md, "What it takes"), with --inputs where it needs them

examples:
  backproof audit                                       the derivation of backpropagation that comes with this package
  backproof audit examples/wrong_layer.py:affine        a wrong layer, to see what a failure looks like
  backproof audit layers.py:affine_forward,affine_backward --inputs example_inputs
  backproof audit mylib.losses:loss,grad --inputs data --option wrt=1 --resolution 1e-8
  backproof audit layers.py:affine_forward,affine_backward --shapes "(n,i),(i,o),(o)->(n,o)"
  backproof audit mylib.norm:subject --laws shapes,adjoint --budget 30s --json

"""
EQUATIONS_ONLY: Final = ("examples", "labels")
SECONDS: Final = 20.0
"""How long the derivation is audited, unless a number of networks is asked for."""
GIVEN: Final = ("resolution", "budget", "profile", "laws", "shapes", "case")
TARGET_ONLY: Final = (*GIVEN, "inputs", "option")


def add(commands: Any) -> None:
    """Add the subcommand and its arguments."""
    audit = commands.add_parser(
        "audit",
        help="audit a gradient; without a target, the derivation that comes with this package",
        description=ABOUT,
        epilog=AUDIT_EPILOG + EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    audit.add_argument("target", nargs="?", metavar="TARGET", help="FILE.py:NAME or pkg.mod:NAME")
    audit.add_argument("--seed", type=whole, default=0, metavar="N", help="decides every random number (default 0)")
    audit.add_argument("--json", action="store_true", help="print JSON instead of text")
    audit.add_argument("--quiet", action="store_true", help="print one line only")
    audit.add_argument(
        "--report",
        type=report,
        action="append",
        default=[],
        metavar="FORMAT:PATH",
        help=f"write it as well, also when interrupted; FORMAT is {', '.join(REPORTS)} (ndjson appends)",
    )
    own = audit.add_argument_group("without a target")
    own.add_argument(
        "--examples", type=positive, metavar="N", help="networks to draw (default: about 20 seconds' worth)"
    )
    own.add_argument("--labels", type=names, metavar="L,L", help="only these labels, such as B1,B2")
    given = audit.add_argument_group("with a target")
    given.add_argument("--inputs", metavar="NAME", help="what stands beside the target's NAME: its inputs")
    given.add_argument("--resolution", type=number, metavar="R", help="the smallest relative error that must be seen")
    given.add_argument("--budget", type=budget, metavar="B", help="forward passes (200) or seconds (30s)")
    given.add_argument("--laws", type=names, metavar="LAW,LAW", help="only these laws")
    given.add_argument("--profile", choices=("default", "deep"), help="deep: at zeros, ties, tiny, huge, … as well")
    given.add_argument("--shapes", metavar="S", help='draw the inputs: shapes as "(n,i),(o,i),(o)->(n,o)"')
    given.add_argument("--case", metavar="CASE", help="where shapes are drawn: this case alone, as a report prints it")
    given.add_argument(
        "--option",
        type=option,
        action="append",
        metavar="KEY=VALUE",
        help="an option of the target's shape, such as wrt=1",
    )


def run(args: argparse.Namespace) -> int:
    """Audit, print the report, and say by the exit code what came of it."""
    from checks.report import formats

    unused, without = (EQUATIONS_ONLY, "no") if args.target else (TARGET_ONLY, "a")
    for name in unused:
        if getattr(args, name) is not None:
            raise MisuseError(f"--{name} works only with {without} target; see backproof audit --help")
    if args.case is not None and not (args.shapes or args.target.endswith("]")):
        raise MisuseError("--case is one of drawn shapes; give --shapes as well, or test_function[ID] as the target")
    for form, _ in args.report:  # what is not installed is said before the audit, not after
        formats.known(form)
    if not args.target:
        return _audit_equations(args)
    try:
        return _audit_target(args)
    except KeyboardInterrupt as stopped:
        report = getattr(stopped, "report", None)
        if report is None:
            raise
        _show(report, args)
        return say("backproof: interrupted; what was finished is above", INTERRUPTED)


def _audit_target(args: argparse.Namespace) -> int:
    from checks.auditing import audit

    # what the audited code prints must not end up in the JSON
    with redirect_stdout(sys.stderr if args.json else sys.stdout):
        target, inputs, options = _target_and_inputs(args)
        given = {key: getattr(args, key) for key in GIVEN if getattr(args, key) is not None}
        report = audit(target, *inputs, seed=args.seed, **{**options, **given, **dict(args.option or ())})
    findings = tuple(
        replace(f, reproduce=_command_line(args, f.case) if f.case else f.reproduce or _command_line(args))
        for f in report.findings
    )
    return _show(replace(report, findings=findings), args)


def _target_and_inputs(args: argparse.Namespace) -> tuple[object, tuple[Any, ...], dict[str, Any]]:
    """What is audited, its inputs, and what the test that it is a target of says of it."""
    from checks.load import load

    if args.target.endswith("]"):
        from checks.testing.lookup import of_test

        return of_test(args.target)
    if args.inputs is None:
        return load(args.target), (), {}
    if ":" in args.inputs:
        target, found = load(args.target), load(args.inputs)
    else:  # beside the target, so that the file is run once
        several: Any = load(f"{args.target},{args.inputs}")
        target, found = several[0] if len(several) == 2 else several[:-1], several[-1]
    inputs = found() if callable(found) else found
    return target, tuple(inputs) if isinstance(inputs, tuple | list) else (inputs,), {}


def _command_line(args: argparse.Namespace, case: str | None = None) -> str:
    """The command that repeats this audit; of one case, whose text says all that a seed would."""
    words = ["backproof", "audit", args.target, *(("--seed", str(args.seed)) if case is None else ())]
    given = {**vars(args), "case": case}
    for name in ("inputs", "resolution", "budget", "profile", "shapes", "case"):
        if given[name] is not None:
            words += [f"--{name}", str(given[name])]
    if args.laws:
        words += ["--laws", ",".join(args.laws)]
    for key, value in args.option or ():
        words += ["--option", f"{key}={value!r}"]
    return shlex.join(words)


def _show(report: Report, args: argparse.Namespace) -> int:
    from checks.report import formats, json, markdown, terminal, text

    out: IO[str] = sys.stdout
    if args.json:
        print(json.render(report), file=out)
    else:
        terminal.write(text.summary(report) if args.quiet else text.render(report), out)
    return written(
        EXIT[report.outcome.value],
        partial(formats.job_summary, lambda room: markdown.render([report], cap=room)),
        *(partial(formats.save, form, path, [report]) for form, path in args.report),
    )


def _audit_equations(args: argparse.Namespace) -> int:
    from checks.equations import EQUATIONS, audit_equations
    from checks.report import formats, labels, terminal

    for form, _ in args.report:
        labels.known(form)
    unknown = [label for label in args.labels or () if label not in EQUATIONS]
    if unknown:
        raise MisuseError(f"no equation is labelled {unknown[0]!r}; the labels are {', '.join(EQUATIONS)}")
    live = sys.stderr.isatty() and not (args.json or args.quiet)
    goal = f"of {args.examples:,}" if args.examples else f"in {SECONDS:g} s"
    try:
        report = audit_equations(
            seed=args.seed,
            examples=args.examples,
            seconds=None if args.examples else SECONDS,
            progress=_progress(goal) if live else None,
            labels=args.labels,
        )
    finally:
        if live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    if args.json:
        print(labels.render_json(report))
    elif args.quiet:
        terminal.write(labels.summary(report), sys.stdout)
    else:
        labels.write(report, sys.stdout)
    code = written(
        EXIT[report.outcome.value],
        partial(formats.job_summary, lambda _: labels.render_markdown(report)),
        *(partial(formats.put, Path(path), labels.FORMATS[form](report)) for form, path in args.report),
    )
    return say("backproof: interrupted; what was finished is above", INTERRUPTED) if report.interrupted else code


def _progress(goal: str) -> Callable[[int, float], None]:
    """A line on the terminal that says how far it is, ten times a second."""
    shown = [-1.0]

    def progress(done: int, seconds: float) -> None:
        if seconds - shown[0] >= 0.1:
            shown[0] = seconds
            print(f"\r{done:,} random networks {goal}, {seconds:.0f} s", end="\x1b[K", file=sys.stderr, flush=True)

    return progress
