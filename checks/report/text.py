"""Plain text of a report: failures first, each with what is claimed, measured, where, why and how to see it again."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from math import floor, isfinite, log10, prod
from typing import Final

from checks.laws.fold import base
from checks.numeric.estimate import digits
from checks.report.record import Entry, Finding, Report
from checks.verdict import Outcome, Verdict

MARGIN: Final = " " * 6
"""Under an outcome in capitals and two spaces: where the lines of a finding begin."""

ENTRIES: Final = 3
"""Wrong entries that are told one by one."""

HIDDEN: Final = {"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"}
"""Unicode categories that draw nothing, move the cursor or turn the writing round."""


def plain(text: object) -> str:
    r"""``text`` on one line, with whatever a terminal would obey written out.

    Examples
    --------
    >>> plain("a\x1b[31mb\nc")
    'a\\x1b[31mb\\nc'
    """
    return re.sub("[^ -~]", _shown, str(text))


def _shown(c: re.Match[str]) -> str:
    return c[0].encode("unicode_escape").decode() if unicodedata.category(c[0]) in HIDDEN else c[0]


LONG: Final = 160
"""Characters of a name that are shown."""


def named(name: object) -> str:
    """A name as it is shown: plain, and without its middle where it is very long.

    Examples
    --------
    >>> named("w" * 10_000)[75:]
    'wwwww… (9,840 more) …wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww'
    """
    text = str(name)
    left_out = len(text) - LONG
    if left_out <= 0:
        return plain(text)
    return f"{plain(text[: LONG // 2])}… ({left_out:,} more) …{plain(text[-LONG // 2 :])}"


def ratio_words(ratio: float) -> str:
    """Claimed over measured, with the digits that matter: near 1 the distance from 1.

    Examples
    --------
    >>> ratio_words(0.5), ratio_words(-1.0), ratio_words(1.00002), ratio_words(1234567.0)
    ('0.5000', '-1.000', '1 + 2e-05', '1.235e+06')
    """
    if 0 < abs(ratio - 1) < 1e-3:
        return f"1 {'+' if ratio > 1 else '−'} {abs(ratio - 1):.2g}"
    return f"{ratio:#.4g}"


def telling_digits(claimed: float, measured: float) -> int:
    """Significant digits that show where two numbers part, and three more.

    Examples
    --------
    >>> telling_digits(-0.05, -0.2), telling_digits(1.0, 1.00002)
    (5, 9)
    """
    gap, largest = abs(claimed - measured), max(abs(claimed), abs(measured))
    if not isfinite(gap) or gap == 0:
        return 5
    return min(17, max(5, 4 - floor(log10(gap / largest))))


def claimed_and_measured(verdict: Verdict) -> str:
    """One line: claimed, measured ± its bar, and their ratio; empty where nothing was measured."""
    if verdict.claimed is None or verdict.estimate is None:
        return ""
    e = verdict.estimate
    agrees = (verdict.distance or 0.0) <= 1
    places = digits(e.value, e.bar) if agrees else telling_digits(verdict.claimed, e.value)
    seen = str(e) if e.kink else f"{e.value:.{places}g} ± {e.bar:.1g}"
    words = f"claimed  {verdict.claimed:.{places}g}   measured  {seen}"
    return words if verdict.ratio is None or agrees else f"{words}   ratio  {ratio_words(verdict.ratio)}"


def heads(report: Report) -> list[Finding]:
    """The findings that are told, failures first; the others are of the same law, tensor and outcome as one of them."""
    found: dict[tuple[str, str, Outcome], Finding] = {}
    for f in sorted(report.findings, key=lambda f: f.verdict.outcome is not Outcome.FAIL):
        found.setdefault((f.law, f.verdict.tensor, f.verdict.outcome), f)
    return list(found.values())


def told(report: Report) -> list[str]:
    """Every finding as text, failures first; the same law and tensor judged elsewhere is a line of the first one."""
    return [finding(f, report.dtypes, _alike(report, f.verdict)) for f in heads(report)]


def _alike(report: Report, v: Verdict) -> list[Verdict]:
    same = (v.law, v.tensor, v.outcome)
    return [o for o in report.verdicts if o is not v and (o.law, o.tensor, o.outcome) == same]


def finding(found: Finding, dtypes: Iterable[str] = (), others: Iterable[Verdict] = (), *, what: str = "") -> str:
    """One finding as text.

    Parameters
    ----------
    found : Finding
        What to tell.
    dtypes : iterable of str
        Of the primals.
    others : iterable of Verdict
        The same judged elsewhere: a line each.
    what : str, optional
        What it is of, where that is no gradient of the tensor.

    Returns
    -------
    str
        A line that says what; then claimed, measured, why, where, what would settle it, how to see it again.
    """
    v = found.verdict
    what = what or (f'gradient of "{named(v.tensor)}"' if v.tensor else "")
    how = ", ".join([f"law {plain(v.law)}", *map(plain, dtypes)])
    lines = ["   ".join(filter(None, [f"{v.outcome.value.upper()}  {named(found.name)}", what, f"({how})"]))]
    told = [
        ("", claimed_and_measured(v)),
        ("because", plain(v.reason)),
        ("seen", found.detail),
        ("where", ", ".join(plain(w) for w in (found.location, v.where) if w)),
        *(("entry", words) for words in entries(found)),
        *(("and", _elsewhere(other)) for other in others),
        ("case", "" if found.case in found.reproduce else plain(found.case)),
        ("looks like", plain(found.diagnosis)),
        ("to settle", plain(v.remedy)),
        ("reproduce", plain(found.reproduce)),
    ]
    for word, words in told:
        for k, line in enumerate(words.splitlines()):
            lead = f"{word if k == 0 else '':<10} " if word else ""
            lines.append(f"{MARGIN}{lead}{plain(line)}")
    return "\n".join(lines)


def entries(found: Finding) -> list[str]:
    """The first wrong entries, a line each, where only some of a tensor's are wrong.

    Examples
    --------
    >>> from checks.report.record import Entry
    >>> wrong = Verdict(law="adjoint", tensor="W", outcome=Outcome.FAIL)
    >>> entry = Entry(index=(12, 200), claimed=0.5, measured=-0.5, bar=1e-9)
    >>> entries(Finding(verdict=wrong, name="layer", entries=(entry,), shape=(30, 400)))
    ['W[12, 200]  claimed  0.5   measured  -0.5 ± 1e-09']
    """
    if found.shape is None or 2 * len(found.entries) >= prod(found.shape):
        return []
    tensor = named(base(found.verdict.tensor))
    return [_entry(tensor, entry) for entry in found.entries[:ENTRIES]]


def _entry(tensor: str, entry: Entry) -> str:
    places = telling_digits(entry.claimed, entry.measured)
    numbers = f"claimed  {entry.claimed:.{places}g}   measured  {entry.measured:.{places}g} ± {entry.bar:.1g}"
    return f"{tensor}[{', '.join(map(str, entry.index))}]  {numbers}"


def _elsewhere(other: Verdict) -> str:
    words = claimed_and_measured(other) or plain(other.reason)
    return f"{plain(other.where)}: {words}" if other.where else words


def counted(n: int, noun: str) -> str:
    """``n`` of something, in words.

    Examples
    --------
    >>> counted(1, "pullback"), counted(0, "forward pass")
    ('1 pullback', '0 forward passes')
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}{'es' if noun.endswith('s') else 's'}"


def spent(report: Report) -> str:
    """What the audit cost, and the seed that repeats it."""
    c = report.cost
    calls = f"{counted(c.forward, 'forward pass')}, {counted(c.pullback, 'pullback')}"
    return f"{calls}, {c.seconds:.2g} s, seed {report.seed}"


def passed(report: Report) -> list[str]:
    """What passed: each gradient with the smallest relative error that would have been seen, and the laws held."""
    coarsest: dict[str, float] = {}
    for v in report.verdicts:
        if v.outcome is Outcome.PASS and v.resolution is not None:
            coarsest[v.tensor] = max(coarsest.get(v.tensor, 0.0), v.resolution)
    told = [v for v in report.verdicts if v.outcome is Outcome.PASS and v.reason and v.estimate is not None]
    reasons = {v.tensor: v.reason for v in sorted(told, key=lambda v: v.resolution or 0.0)}  # of several the coarsest
    alike: dict[str, list[str]] = {}
    for tensor, resolution in coarsest.items():
        alike.setdefault(f"right to {resolution:.1g} of its scale", []).append(named(tensor))
    lines = [f"{words}: {', '.join(tensors)}" for words, tensors in alike.items()]
    lines += [f"{named(tensor)} {plain(reason)}" for tensor, reason in reasons.items()]
    laws = dict.fromkeys(v.law for v in report.verdicts if v.outcome is Outcome.PASS)
    held = [plain(law) for law in laws if law not in {f.law for f in report.findings}]
    return [*lines, f"laws held: {', '.join(held)}"] if held else lines


def summary(report: Report) -> str:
    """One line: the outcome, how many verdicts stand behind it, what it cost."""
    counts = [sum(v.outcome is o for v in report.verdicts) for o in (Outcome.PASS, Outcome.FAIL, Outcome.INCONCLUSIVE)]
    words = [f"{n} {word}" for n, word in zip(counts, ("passed", "failed", "inconclusive"), strict=True) if n]
    outcome = report.outcome.value.upper()
    return f"{outcome}  {named(report.name)}: {', '.join(words) or 'nothing was judged'} ({spent(report)})"


def render(report: Report) -> str:
    """The whole report as plain text.

    Parameters
    ----------
    report : Report
        What `checks.audit` returned.

    Returns
    -------
    str
        Findings first, failures before what is inconclusive; then what passed, notes, and one line that sums up.
    """
    rest = [f"{MARGIN}{line}" for line in passed(report)]
    rest += [f"{MARGIN}note: {plain(note)}" for note in report.notes]
    tail = [*rest, summary(report)] if report.findings else [summary(report), *rest]
    return "\n\n".join([*told(report), "\n".join(tail)])


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Plain columns, the first set left, the others right.

    Examples
    --------
    >>> print(table(["label", "passes"], [["B1", "7"], ["B2", "123"]]))
    label  passes
    B1          7
    B2        123
    """
    widths = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    lines = []
    for row in (columns, *rows):
        cells = (f"{cell:{'>' if k else '<'}{widths[k]}}" for k, cell in enumerate(row))
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
