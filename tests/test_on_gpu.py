"""What is special on a GPU, as far as a CPU shows it; on a machine with a GPU there as well."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import checks
from checks import Outcome, audit

torch = pytest.importorskip("torch", reason="torch is not installed: it is what is audited here")

from benchmarks import tables  # noqa: E402 - only where torch is there
from benchmarks.on_gpu import __main__ as on_gpu  # noqa: E402
from benchmarks.on_gpu.functions import Averaged, Mixed  # noqa: E402
from benchmarks.on_gpu.rows import FRAMEWORK  # noqa: E402
from checks.adapters.torch.arrays import tensor_of, written_back  # noqa: E402

DEVICES = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)
BY_NAME = {row.name: row for row in FRAMEWORK}


def draw(size):
    return np.random.default_rng(0).normal(size=size)


def test_without_a_gpu_the_command_says_so_and_writes_nothing(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    page = tables.PAGE.read_bytes()
    assert on_gpu.main([]) == 0
    assert (
        capsys.readouterr().out
        == "no GPU: torch sees no CUDA device here; nothing was measured, and nothing is written\n"
    )
    assert tables.PAGE.read_bytes() == page


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", ["Linear, GELU, Linear", "the same where TF32 is allowed", "embedding"])
def test_a_row_is_right_as_it_is_and_wrong_with_its_mistake(name, device):
    row = BY_NAME[name]
    found = list(on_gpu.lines([row], device, show=False))
    assert all(good for _, good in found)
    verdicts = {(cells[1], cells[2].split(",")[0], cells[5]) for cells, _ in found if cells[1] != "bfloat16"}
    assert verdicts == {
        (str(dtype).removeprefix("torch."), "pass", "fail") for dtype in row.dtypes if dtype.itemsize > 2
    }


LYING = {
    "with gaps": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "in Fortran order": np.asfortranarray,
    "one row again and again": lambda a: np.broadcast_to(a[:1], a.shape),
    "one number": lambda a: np.broadcast_to(a[0, 0], a.shape),
    "nothing": lambda a: a[:, :0],
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("said", LYING)
def test_a_tensor_lies_as_its_array_does_in_another_dtype_and_on_another_device_too(said, dtype, device):
    a = LYING[said](np.arange(12, dtype=np.float32).reshape(4, 3))
    t = tensor_of(a, torch.zeros(1, dtype=dtype, device=device))
    assert (t.dtype, t.device.type) == (dtype, device)
    assert np.array_equal(t.float().cpu().numpy(), a)
    assert t.numel() == 0 or t.stride() == tuple(s // a.itemsize for s in a.strides)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_a_backward_that_reads_the_upstream_s_memory_fails(dtype, device):
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            x = x.clone()
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 3 * x**2 * g.as_strided(x.shape, x.stride())  # as a kernel does that walks through memory

    report = audit(Cube, torch.from_numpy(draw(size=(5, 4))).to(device, dtype))
    assert {f.law for f in report.findings if f.verdict.outcome is Outcome.FAIL} == {"layout"}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("value", [7.0, float("nan")])
def test_what_a_call_writes_into_its_input_comes_back(value, device):
    a = np.array([1.0, np.nan, 3.0], dtype=np.float32)
    t = tensor_of(a, torch.zeros(1, dtype=torch.float32, device=device))
    written_back(t, a)
    assert np.array_equal(a, np.float32([1, np.nan, 3]), equal_nan=True)
    t.data[0] = value
    written_back(t, a)
    assert np.array_equal(a, np.float32([value, np.nan, 3]), equal_nan=True)


FROZEN = "__allow_nonbracketed_mutation_flag"
"""False where flags of torch's backends may not be set, as torch's own tests have it."""


def as_on_a_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setitem(torch.backends.flags_frozen.__globals__, FROZEN, True)
    if not torch.cuda.is_available():
        monkeypatch.setattr(torch.cuda, "get_rng_state_all", list)


@pytest.mark.parametrize("newer", [False, True])
def test_tf32_is_off_in_a_call_and_put_back(monkeypatch, newer):
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    if newer and not hasattr(matmul, "fp32_precision"):
        return  # a torch that has the older switches alone
    as_on_a_gpu(monkeypatch)
    seen = []

    def switches():
        if newer:
            return matmul.fp32_precision, cudnn.conv.fp32_precision, cudnn.rnn.fp32_precision
        return torch.get_float32_matmul_precision(), cudnn.allow_tf32

    def spied(x):
        seen.append(switches())
        return torch.sin(x)

    first = torch.get_float32_matmul_precision()
    try:
        if newer:
            matmul.fp32_precision, cudnn.conv.fp32_precision = "tf32", "ieee"  # the older switches are not readable now
        else:
            torch.set_float32_matmul_precision("medium")
        before = switches()
        assert audit(spied, torch.from_numpy(draw(size=3)).float()).outcome is Outcome.PASS
        assert switches() == before
        assert set(seen) == {("ieee", "ieee", "ieee") if newer else ("highest", False)}
    finally:
        if newer:
            matmul.fp32_precision, cudnn.conv.fp32_precision = "ieee", "tf32"
        torch.set_float32_matmul_precision(first)
    assert cudnn.allow_tf32


def test_a_loss_in_float32_of_a_network_under_autocast_is_judged_as_bfloat16():
    torch.manual_seed(0)
    x = torch.from_numpy(draw(size=(16, 24))).float()
    right = audit(Mixed(torch.nn.Linear), x)
    assert right.dtypes == ("bfloat16",)
    assert right.outcome is not Outcome.FAIL, str(right)
    assert audit(Mixed(Averaged), x).outcome is Outcome.FAIL


def test_what_cudnn_says_of_the_memory_that_parameters_are_given_is_not_passed_on():
    class Warns(torch.nn.Linear):
        def forward(self, x):
            warnings.warn("RNN module weights are not part of single contiguous chunk of memory.", stacklevel=1)
            return super().forward(x)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert audit(Warns(3, 2), torch.from_numpy(draw(size=(4, 3))).float()).outcome is Outcome.PASS


def summed(x, at, rng):
    order, made = rng.permutation(len(x)), np.zeros(8, dtype=x.dtype)
    np.add.at(made, at[order], x[order])
    return made


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize(("spoil", "outcome"), [(lambda u: u, Outcome.PASS), (np.abs, Outcome.FAIL)])
def test_forward_mode_may_add_up_in_another_order_each_time(dtype, spoil, outcome):
    rng, at = np.random.default_rng(1), np.arange(4000) % 8
    subject = checks.Subject(
        name="bins",
        point={"x": draw(size=4000).astype(dtype)},
        forward=lambda p: summed(p["x"], at, rng),
        pullback=lambda p, v: {"x": v[at]},
        jvp=lambda p, u: spoil(summed(u["x"], at, rng)),
    )
    report = audit(subject)
    assert report.outcome is outcome, str(report)
    assert {f.law for f in report.findings} == (set() if outcome is Outcome.PASS else {"jvp"})


def test_flags_that_may_not_be_set_are_left_alone(monkeypatch):
    as_on_a_gpu(monkeypatch)
    monkeypatch.setitem(torch.backends.flags_frozen.__globals__, FROZEN, False)
    with pytest.raises(RuntimeError, match="not allowed to set"):
        torch.backends.cudnn.allow_tf32 = False
    before = torch.backends.cudnn.allow_tf32
    assert audit(torch.sin, torch.from_numpy(draw(size=3)).float()).outcome is Outcome.PASS
    assert torch.backends.cudnn.allow_tf32 == before
