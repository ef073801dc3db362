"""``backproof vectors``: write the reference vectors, or hold an implementation to them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Final

from checks.commands.arguments import names, number, positive
from checks.commands.said import EPILOG, FAILED, PASSED, UNDECIDED
from checks.errors import MisuseError

ABOUT: Final = (
    "Reference vectors: gradients to 52 proven digits, for implementations in any language (docs/vectors.md)."
)
SHOWN: Final = 20
"""Failures that are printed."""


def add(commands: Any) -> None:
    """Add the subcommand and its arguments."""
    vectors = commands.add_parser("vectors", help="reference vectors of gradients, for any language", description=ABOUT)
    kinds = vectors.add_subparsers(dest="kind", metavar="KIND", required=True)
    write = kinds.add_parser(
        "write", help="make the files again, byte for byte", description="Prove every vector and write the files."
    )
    write.add_argument("directory", nargs="?", metavar="DIR", help="where (default: where this package keeps them)")
    verify = kinds.add_parser(
        "verify",
        help="hold a Python implementation to the vectors",
        description="Hold a Python implementation to the vectors: every right answer met, every wrong one rejected.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verify.add_argument("--using", required=True, metavar="TARGET", help="the adapter: pkg.mod:NAME or FILE.py:NAME")
    verify.add_argument("--directory", metavar="DIR", help="the vectors (default: those of this package)")
    verify.add_argument("--tolerance", type=number, metavar="T", help="of each tensor's scale (default 1e-9)")
    verify.add_argument("--every", type=positive, default=1, metavar="N", help="only each Nth vector")
    for kind in (write, verify):
        kind.add_argument("--families", type=names, metavar="F,F", help="only these files, such as losses,networks")


def run(args: argparse.Namespace) -> int:
    """Write or verify, and say by the exit code what came of it."""
    return _write(args) if args.kind == "write" else _verify(args)


def _write(args: argparse.Namespace) -> int:
    from checks.numeric.balls import available

    if not available():
        raise MisuseError("vectors are proved by python-flint, which is not installed: pip install backproof[exact]")
    from checks.vectors.write import FAMILIES, HOME, write

    unknown = [name for name in args.families or () if name not in FAMILIES]
    if unknown:
        raise MisuseError(f"no family of vectors is called {unknown[0]!r}; there are: {', '.join(FAMILIES)}")
    directory = Path(args.directory) if args.directory else HOME
    counts = write(directory, tuple(args.families or FAMILIES))
    for family, count in counts.items():
        print(f"{directory / family}.json: {count:,} vectors")
    return PASSED


def _verify(args: argparse.Namespace) -> int:
    from checks.load import load
    from checks.vectors.verify import HOME, TOLERANCE, verify

    adapter: Any = load(args.using)
    if not callable(adapter):
        raise MisuseError(
            f"{args.using} is {type(adapter).__name__}; expected a function (operation, parameters, inputs, cotangent) "
            "-> (values, gradients), or None for what it does not know"
        )
    directory = Path(args.directory) if args.directory else HOME
    tolerance = TOLERANCE if args.tolerance is None else args.tolerance
    families = tuple(args.families) if args.families else None
    counts = verify(adapter, directory, families=families, tolerance=tolerance, every=args.every)
    failures = [line for count in counts.values() for line in count.failures]
    for line in failures[:SHOWN]:
        print(line)
    if len(failures) > SHOWN:
        print(f"… and {len(failures) - SHOWN:,} more")
    right, rejected, unsupported = (
        sum(getattr(count, what) for count in counts.values()) for what in ("right", "rejected", "unsupported")
    )
    outcome = "FAIL" if failures else "PASS" if right else "INCONCLUSIVE"
    print(
        f"{outcome}  {args.using}: {right:,} answers right, {rejected:,} wrong ones rejected, "
        f"{len(failures):,} failures, {unsupported:,} not supported"
    )
    return FAILED if failures else PASSED if right else UNDECIDED
