"""SUSPECTS: the mistakes that are made, each with the repair it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from checks.diagnosis import activation, asked, factors, parts, upstream, values, within
from checks.diagnosis.suspect import Suspect

SUSPECTS: Final[Mapping[str, Suspect]] = {
    "zero": Suspect(repair="compute it", itself=values.zero),
    "constant factor": Suspect(
        repair="divide by the factor", fitted=1, values=factors.constant_factor, inside=within.factor
    ),
    "transpose": Suspect(repair="transpose it", values=values.transposed),
    "axis reversed": Suspect(repair="turn the axis round", values=values.reversed_axis),
    "shifted by one": Suspect(repair="shift it back", values=values.shifted),
    "gradients exchanged": Suspect(repair="return them in the other order", values=values.exchanged),
    "running sum": Suspect(repair="sum from the other end", values=values.running_sum),
    "term added": Suspect(
        repair="take it out, or put it into the forward", fitted=1, values=values.added, asks=asked.constant
    ),
    "skip connection": Suspect(repair="add the upstream of the skip", values=values.skipped),
    "wrong branch at a kink": Suspect(
        repair="let the other branch pass", fitted=1, values=values.other_branch, inside=within.other_branch
    ),
    "statistics taken as fixed": Suspect(repair="differentiate mean and scale as well", values=values.mean_term),
    "previous gradient added": Suspect(repair="clear the buffer first"),
    "upstream ignored": Suspect(repair="multiply by the upstream", upstream=upstream.ignored),
    "upstream clipped": Suspect(repair="take the upstream as it is", upstream=upstream.clipped),
    "upstream squared": Suspect(repair="multiply by the upstream once", upstream=upstream.squared),
    "upstream's sign lost": Suspect(repair="take the upstream with its sign", upstream=upstream.absolute),
    "small upstreams dropped": Suspect(repair="take the upstream as it is"),
    "upstream normalised": Suspect(repair="take the upstream as it is", upstream=upstream.normalised),
    "upstream reordered": Suspect(repair="take the upstream in its own order", upstream=upstream.reordered),
    "one example only": Suspect(repair="sum over all examples", upstream=upstream.one_example),
    "one example missing": Suspect(repair="sum over all examples", upstream=upstream.example_missing),
    "sum over a broadcast axis missing": Suspect(repair="sum over the axes that were broadcast"),
    "another shape": Suspect(repair="return it in its primal's shape"),
    "one index only": Suspect(repair="sum over the whole axis", upstream=upstream.one_index),
    "one index missing": Suspect(repair="sum over the whole axis", upstream=upstream.index_missing),
    "overwritten": Suspect(repair="add where parts meet", itself=parts.overwritten, inside=within.overwritten),
    "nonlinear in the upstream": Suspect(repair="take the upstream as it is", asks=asked.undone),
    "mask missing": Suspect(
        repair="let nothing pass where the output is 0", pulled=activation.mask_missing, inside=within.mask_missing
    ),
    "activation's derivative missing": Suspect(
        repair="multiply by σ′", pulled=activation.derivative_missing, inside=within.derivative_missing
    ),
    "σ′(a) for σ′(z)": Suspect(
        repair="take σ′ where it belongs", pulled=activation.derivative_of_output, inside=within.derivative_of_output
    ),
    "softmax as a diagonal": Suspect(
        repair="subtract y·Σ v y", pulled=activation.softmax_diagonal, inside=within.softmax_diagonal
    ),
    "updated weights": Suspect(
        repair="compute all gradients, then update", fitted=1, asks=asked.updated, inside=within.updated
    ),
    "weights transposed": Suspect(
        repair="use wᵀ for w", asks=asked.weights_transposed, inside=within.operand_transposed
    ),
    "half precision inside": Suspect(repair="compute in float64", itself=asked.coarse, inside=within.coarse),
}
"""Name of a mistake -> how it is told. `values`, `upstream` and `itself` cost nothing, `asks` and `pulled` a few
pullbacks each, `inside` one for each step that it may be at; each is tried only where nothing before it fits."""
