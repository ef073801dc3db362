"""PyTorch: what is recognised, named and judged, and that everything is left as it was."""

from __future__ import annotations

import copy
import dataclasses
import warnings
from collections import namedtuple

import numpy as np
import pytest

from checks import InvalidSubject, MisuseError, Outcome, audit
from checks.adapters import FRAMEWORKS, adapt
from checks.adapters.row import Seen

torch = pytest.importorskip("torch", reason="torch is not installed: it is what is audited here")
nn = torch.nn
X = torch.from_numpy(np.random.default_rng(0).normal(size=(4, 3)))


def cube(factor=1.0, second=1.0, jvp=None):
    class Slope(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, g):
            ctx.save_for_backward(x, g)
            return factor * 3 * x**2 * g

        @staticmethod
        def backward(ctx, v):
            x, g = ctx.saved_tensors
            return factor * second * 6 * x * g * v, factor * 3 * x**2 * v

    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(x):
            return x**3

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.save_for_backward(*inputs)
            ctx.save_for_forward(*inputs)

        @staticmethod
        def backward(ctx, g):
            return Slope.apply(*ctx.saved_tensors, g)

    if jvp is not None:
        Cube.jvp = staticmethod(lambda ctx, u: jvp * 3 * ctx.saved_tensors[0] ** 2 * u)
    return Cube


def failed(report):
    return {f.verdict.tensor.split(" (entries")[0] for f in report.findings if f.verdict.outcome is Outcome.FAIL}


def laws_failed(report):
    return {v.law for v in report.verdicts if v.outcome is Outcome.FAIL}


def small():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.BatchNorm1d(5), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Linear(5, 2))


@pytest.mark.parametrize(
    ("target", "row"),
    [
        (torch.tanh, "torch function"),
        (cube(), "torch function"),
        (cube().apply, "torch function"),
        (lambda x: (x, x.sin), "torch function"),
        (nn.Linear(3, 2).forward, "torch function"),
        (nn.Linear(3, 2), "torch module"),
        (nn.ReLU, "torch module"),
        (lambda: nn.Linear(3, 2), "torch module"),
    ],
)
def test_each_target_is_read_by_its_own_row_alone(target, row):
    seen = Seen(target, (X,))
    assert [name for name, r in FRAMEWORKS.items() if not r.missing(seen)] == [row]


def test_a_function_of_tensors_passes_and_a_spoiled_one_fails_with_its_ratio():
    assert audit(cube().apply, X).outcome is Outcome.PASS
    report = audit(cube(1.01), X)
    assert report.name == "Cube"
    assert failed(report) == {"x"}
    assert all(abs(f.verdict.ratio - 1.01) < 1e-6 for f in report.findings if f.verdict.ratio)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16, torch.bfloat16])
def test_every_dtype_is_judged_in_its_own_precision(dtype):
    report = audit(cube(), X.to(dtype))
    assert report.outcome is Outcome.PASS, str(report)
    assert report.dtypes == (str(dtype).removeprefix("torch."),)
    assert audit(cube(1.3), X.to(dtype)).outcome is Outcome.FAIL


def test_what_is_smaller_than_the_own_dtypes_rounding_is_seen_in_float64_alone():
    assert audit(cube(1.0005), X.float()).outcome is Outcome.FAIL
    assert audit(cube(1.0005), X.bfloat16()).outcome is Outcome.PASS


def test_low_precision_is_measured_in_float64():
    seen = []

    def spied(x):
        seen.append((x.dtype, torch.get_default_dtype()))
        return torch.tanh(x)

    assert audit(spied, X.float()).outcome is Outcome.PASS
    assert set(seen) == {(torch.float32, torch.float32), (torch.float64, torch.float64)}
    assert torch.get_default_dtype() is torch.float32


def test_what_cannot_run_in_float64_is_measured_with_the_noise_it_has():
    fixed = torch.randn(3, 2)  # float32 for good
    report = audit(lambda x: torch.tanh(x @ fixed), X.float())
    assert report.outcome is Outcome.PASS, str(report)


def test_a_module_is_audited_with_all_its_parameters():
    module = small()
    report = audit(module, X.float())
    assert report.outcome is Outcome.PASS, str(report)
    names = [v.tensor for v in report.verdicts if v.law == "shapes"]
    assert names == ["input", *dict(module.named_parameters())]
    assert audit(small, X.float()).outcome is Outcome.PASS


class Scaled(torch.autograd.Function):
    """x @ w, the gradient of w multiplied."""

    @staticmethod
    def forward(ctx, x, w, factor):
        ctx.save_for_backward(x, w)
        ctx.factor = factor
        return x @ w

    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        return g @ w.T, ctx.factor * x.T @ g, None


class Layer(nn.Module):
    def __init__(self, factor=1.0):
        super().__init__()
        self.factor, self.weight = factor, nn.Parameter(torch.full((3, 2), 0.5, dtype=torch.float64))

    def forward(self, x):
        return Scaled.apply(x, self.weight, self.factor)


def test_a_wrong_weight_gradient_is_found_in_a_module_and_in_a_function_that_closes_over_it():
    wrong = Layer(1.01)
    assert audit(Layer(), X).outcome is Outcome.PASS
    assert failed(audit(wrong, X)) == {"weight"}
    assert audit(lambda x: Layer.forward(wrong, x).tanh(), X).outcome is Outcome.FAIL
    report = audit(lambda x: wrong(x), X)
    assert failed(report) == {"wrong.weight"}
    assert failed(audit(wrong.forward, X)) == {"weight"}


def test_frozen_parameters_are_a_note_and_wrt_chooses():
    module = nn.Linear(3, 2).double()
    module.bias.requires_grad_(False)
    report = audit(module, X)
    assert report.outcome is Outcome.PASS
    assert "not audited: 'bias' (frozen)" in report.notes
    report = audit(Layer(1.01), X, wrt="x")
    assert report.outcome is Outcome.PASS
    assert "not audited: 'weight' (outside wrt=)" in report.notes
    with pytest.raises(MisuseError, match=r"wrt='q': there is no 'q'; there are 'x', 'weight'"):
        audit(Layer(), X, wrt="q")


def test_a_gradient_of_none_means_zero_and_is_measured():
    class Blind(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, w):
            ctx.save_for_backward(x, w)
            return x * w

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[1], None

    assert failed(audit(Blind, X, X + 1)) == {"w"}
    assert audit(lambda x, y: x * 2 + 0 * y.detach(), X, X).outcome is Outcome.PASS


def test_outputs_of_every_form_are_named():
    Pair = namedtuple("Pair", "mean, spread")

    @dataclasses.dataclass
    class Out:
        logits: torch.Tensor
        hidden: dict
        note: str = "text"

    forms = {
        "bare": (lambda x: x.sin(), [""]),
        "tuple": (lambda x: (x.sin(), x.cos().sum()), ["output 0", "output 1"]),
        "dict": (lambda x: {"a": x.sin(), "b": [x.cos()]}, ["a", "b.0"]),
        "named tuple": (lambda x: Pair(x.mean(), x.std()), ["mean", "spread"]),
        "dataclass": (lambda x: Out(x.sin(), {"h": x.cos()}), ["logits", "hidden.h"]),
    }
    for name, (f, wanted) in forms.items():
        subject = adapt(f, X)
        returned = subject.forward(subject.point)
        assert (list(returned) if isinstance(returned, dict) else [""]) == wanted, name
        assert audit(f, X).outcome is Outcome.PASS, name


def test_inputs_may_be_nested_and_what_is_not_floating_is_handed_on():
    def f(batch, index, scale):
        return batch["x"][index] * batch["w"][0] * scale

    batch = {"x": X, "w": [X[0]], "labels": torch.tensor([1])}
    subject = adapt(f, batch, torch.tensor([0, 2]), 2.0)
    assert list(subject.point) == ["batch.x", "batch.w.0"]
    assert audit(f, batch, torch.tensor([0, 2]), 2.0).outcome is Outcome.PASS


def test_where_some_inputs_require_grad_the_others_are_left_out():
    report = audit(lambda x, y: x * y, X.clone().requires_grad_(), X)
    assert report.outcome is Outcome.PASS
    assert "not audited: 'y' (does not require grad, as others do)" in report.notes


def test_inputs_that_torch_has_no_derivative_by_are_left_out_and_named():
    report = audit(nn.SoftMarginLoss(), X, X.sign())
    assert report.outcome is Outcome.PASS
    assert "not audited: 'target' (torch has no derivative by it)" in report.notes


def test_an_additive_mask_is_handed_on():
    mask = torch.zeros(4, 3, dtype=torch.float64).masked_fill(X > 1, -torch.inf)
    report = audit(lambda x, mask: torch.softmax(x + mask, dim=0), X, mask)
    assert report.outcome is Outcome.PASS
    assert "not audited: 'mask' (a mask: it holds -inf)" in report.notes


def test_an_output_without_grad_is_named_and_a_cut_graph_is_a_finding():
    report = audit(lambda x: (x.sin(), x.detach() ** 2), X)
    assert report.outcome is Outcome.PASS
    assert "not audited: 'output 1' (an output that does not require grad)" in report.notes
    report = audit(lambda x: torch.from_numpy(np.sin(x.detach().numpy())), X)
    assert report.outcome is Outcome.FAIL
    assert "no output requires grad: the graph was cut on the way" in str(report)


def test_what_an_output_depends_on_and_nobody_can_name_leaves_it_undecided():
    box = [lambda: hidden]
    hidden = torch.ones(3, dtype=torch.float64, requires_grad=True)
    report = audit(lambda x, box=box: x * box[0](), X)
    assert report.outcome is Outcome.INCONCLUSIVE
    assert "the object holds 'a tensor of shape (3,)', and no gradient of it is claimed" in str(report)


def test_functions_in_place_and_views():
    assert audit(lambda x: x.mul_(2).exp_(), X).outcome is Outcome.PASS
    assert audit(lambda x: x.T[1:].reshape(-1), X).outcome is Outcome.PASS
    assert audit(nn.ReLU(inplace=True), X).outcome is Outcome.PASS


def test_a_backward_that_writes_into_the_upstream_fails():
    class Zeroing(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 2 * x

        @staticmethod
        def backward(ctx, g):
            found = 2 * g
            g.zero_()
            return found

    for dtype in (torch.float64, torch.bfloat16):
        assert laws_failed(audit(Zeroing, X.to(dtype))) == {"pure"}


def test_dropout_is_judged_with_one_draw_held_fixed():
    report = audit(nn.Dropout(0.3), X)
    assert report.outcome is Outcome.PASS
    assert any("global state of torch" in note for note in report.notes)
    normal = audit(lambda x: x * torch.randn_like(x), X.float())  # float64 draws other numbers
    assert normal.outcome is Outcome.PASS, str(normal)


def test_forward_mode_and_double_backward_are_held_where_they_are_there():
    assert adapt(cube(), X).jvp is None
    assert adapt(torch.sin, X).jvp is not None
    assert audit(cube(jvp=1.0), X).outcome is Outcome.PASS
    assert laws_failed(audit(cube(jvp=1.01), X)) == {"jvp"}
    assert audit(cube(), X, order=2).outcome is Outcome.PASS
    report = audit(cube(second=1.01), X, order=2)
    assert audit(cube(second=1.01), X).outcome is Outcome.PASS
    assert failed(report) == {"x"}
    with pytest.raises(MisuseError, match="order is 3"):
        audit(cube(), X, order=3)


def test_complex_gradients_are_in_torchs_convention():
    z = torch.complex(X, X.flip(0))
    assert audit(lambda z: z * z.conj() + torch.exp(z), z).outcome is Outcome.PASS
    assert audit(lambda z: torch.fft.fft(z).abs(), z.to(torch.complex64)).outcome is Outcome.PASS

    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx, z):
            ctx.save_for_backward(z)
            return z * z

        @staticmethod
        def backward(ctx, g):
            return 2 * ctx.saved_tensors[0] * g  # the conjugate is forgotten

    assert audit(Square, z).outcome is Outcome.FAIL


def test_a_reference_is_measured_in_the_place_of_a_coarse_kernel():
    coarse = cube()

    def kernel(x):
        return torch.round(coarse.apply(x) * 64) / 64 + coarse.apply(x) - coarse.apply(x).detach()

    assert audit(kernel, X.float()).outcome is not Outcome.PASS
    assert audit(kernel, X.float(), reference=lambda x: x**3).outcome is Outcome.PASS
    assert audit(kernel, X.float(), reference=lambda x: 1.01 * x**3).outcome is Outcome.FAIL
    linear = nn.Linear(3, 2)
    assert audit(linear, X.float(), reference=nn.Linear(3, 2)).outcome is Outcome.PASS  # with the same numbers
    with pytest.raises(MisuseError, match="reference has no parameter 'weight'; it has none"):
        audit(linear, X.float(), reference=nn.ReLU())


def test_wrong_on_purpose_is_declared_by_a_function_that_has_the_gradient():
    class Straight(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.round()

        @staticmethod
        def backward(ctx, g):
            return g

    assert audit(Straight, X).outcome is not Outcome.PASS
    assert audit(Straight, X, declared=lambda x: x).outcome is Outcome.PASS
    assert audit(Straight, X, declared=lambda x: 2 * x).outcome is Outcome.FAIL


def test_float32_inside_float64_is_named():
    report = audit(lambda x: torch.tanh(x.float()).double(), X)
    assert "forward says float64, its values carry 24 bits, as float32 does" in " ".join(report.notes)

    class Narrow(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.sin()

        @staticmethod
        def backward(ctx, g):
            return (ctx.saved_tensors[0].float().cos() * g.float()).double()

    report = audit(Narrow, X)
    assert report.outcome is Outcome.FAIL
    assert "its values carry 24 bits, as float32 does" in str(report)


def test_parameters_made_by_the_first_forward_are_found():
    module = nn.Sequential(nn.LazyLinear(4), nn.Tanh())
    report = audit(module, X.float())
    assert report.outcome is Outcome.PASS
    assert "0.weight" in {v.tensor for v in report.verdicts}
    assert isinstance(module[0].weight, nn.UninitializedParameter)


def test_an_input_named_like_a_parameter_is_told_from_it():
    class Module(nn.Linear):
        def forward(self, weight):
            return super().forward(weight)

    assert list(adapt(Module(3, 2).double(), X).point) == ["input weight", "weight", "bias"]


def test_memory_is_shared_where_that_is_safe_and_layouts_are_kept():
    from checks.adapters.torch.arrays import array_of, tensor_of

    a = np.arange(6.0).reshape(2, 3)
    assert np.shares_memory(array_of(tensor_of(a, X)), a)
    assert tensor_of(np.asfortranarray(a), X).stride() == (1, 2)
    broadcast = tensor_of(np.broadcast_to(np.float64(2.0), (2, 3)), X)
    assert broadcast.stride() == (0, 0)
    backwards = tensor_of(a[::-1], X)
    assert np.array_equal(backwards.numpy(), a[::-1])
    assert tensor_of(a.astype(np.float32), X.bfloat16()).dtype is torch.bfloat16
    assert tensor_of(a, X.bfloat16()).dtype is torch.float64
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tensor_of(np.float64(3.0), X)


@pytest.mark.parametrize(
    ("tensor", "words"),
    [
        (torch.ones(3).to_sparse(), r"the tensor 'x' has the layout torch.sparse_coo; expected a dense one"),
        (
            torch.ones(3, device="meta"),
            r"the tensor 'x' is on the device meta and holds no numbers; expected one on cpu",
        ),
        (
            torch.ones(3, dtype=torch.float8_e5m2),
            r"the tensor 'x' has dtype torch.float8_e5m2; expected one of float64",
        ),
        (torch.tensor([1.0, torch.nan]), r"primal 'x' is nan at \[1\]"),
        (torch.ones(3, dtype=torch.int64), r"nothing to differentiate: no input and no parameter holds floating"),
    ],
)
def test_tensors_that_cannot_be_measured_are_refused_with_what_to_give(tensor, words):
    with pytest.raises(InvalidSubject, match=words):
        audit(lambda x: x, tensor)


def test_a_function_that_returns_no_floating_tensor_is_refused():
    with pytest.raises(InvalidSubject, match="it returns no tensor of floating-point numbers"):
        audit(lambda x: x > 0, X)


def test_a_forward_that_raises_is_a_finding():
    report = audit(nn.Linear(5, 2).double(), X)
    assert report.outcome is Outcome.FAIL
    assert "forward raised RuntimeError" in str(report)


class Messy(nn.Module):
    """Changes what it can reach at every call."""

    def __init__(self, raises=False):
        super().__init__()
        self.inner, self.raises = nn.BatchNorm1d(3), raises
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x):
        self.count += 1
        self.inner.weight.grad = torch.ones(3)
        self.inner.bias.requires_grad_(False)
        self.inner.eval() if self.raises else self.inner.train()
        torch.rand(1)
        torch.set_default_dtype(torch.float64)
        warnings.simplefilter("ignore", ResourceWarning)
        if self.raises:
            raise ValueError("on purpose")
        return self.inner(x).tanh()


@pytest.mark.parametrize("raises", [False, True])
@pytest.mark.parametrize("given", ["module", "function"])
def test_everything_is_left_as_it_was(given, raises):
    module = Messy(raises).train()
    x = X.float()
    x.grad = None
    state, bytes_of_x = copy.deepcopy(module.state_dict()), x.clone()
    pointers = [t.data_ptr() for t in module.state_dict().values()]
    rng, filters = torch.get_rng_state(), list(warnings.filters)
    with torch.no_grad():
        audit(module if given == "module" else lambda x: module(x), x)
        assert not torch.is_grad_enabled()
    assert torch.equal(torch.get_rng_state(), rng)
    assert warnings.filters == filters
    assert torch.get_default_dtype() is torch.float32
    assert torch.equal(x, bytes_of_x)
    assert x.grad is None
    assert not x.requires_grad
    assert all(torch.equal(a, b) for a, b in zip(module.state_dict().values(), state.values(), strict=True))
    assert [t.data_ptr() for t in module.state_dict().values()] == pointers
    assert module.inner.weight.grad is None
    assert module.inner.bias.requires_grad
    assert all(m.training for m in module.modules())


def test_inference_mode_does_not_stand_in_the_way():
    module = nn.Linear(3, 2).double()
    with torch.inference_mode():
        assert audit(module, X).outcome is Outcome.PASS
        assert torch.is_inference_mode_enabled()


@pytest.mark.parametrize("transform", ["grad", "vmap", "jacrev"])
def test_an_audit_within_a_transform_of_a_function_is_as_elsewhere(transform):
    point = X.numpy()

    def audited(x):
        assert audit((np.sin, np.cos), point).outcome is Outcome.PASS
        return (x * x).sum()

    getattr(torch.func, transform)(audited)(torch.ones(3))
