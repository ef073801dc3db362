"""pure: what a function is given is byte for byte the same after the call."""

from __future__ import annotations

from checks.laws.equal import HERE, passed
from checks.laws.ground import Ground
from checks.verdict import Outcome, Verdict


def pure(ground: Ground) -> list[Verdict]:
    """Every call of the audit was given copies, and each copy was compared afterwards: nothing is called here."""
    found = [
        Verdict(
            law="pure",
            tensor=what.split("'")[1] if "'" in what else "",
            outcome=Outcome.FAIL,
            reason=f"{function} wrote into {what} that it was given: {words}",
            where=HERE,
        )
        for (function, what), words in ground.calls.writes.items()
    ]
    if not found and ground.calls.betrayed:
        words = (
            "in one call something was written into the point that it was given; when all was held again, it was not"
        )
        return [Verdict(law="pure", tensor="", outcome=Outcome.FAIL, reason=words, where=HERE)]
    return found or passed("pure")
