"""FILE.py:NAME and pkg.mod:NAME: loaded from the place named and no other, with messages that say what is there."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from checks.errors import UnknownTarget
from checks.load import load

LAYERS = """\
import math
import helper

def affine_forward(x): return helper.double(x)
def affine_backward(d, x): return 2 * d
class Net:
    def loss(self): return 1
point = 3
_hidden = 4
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "layers.py").write_text(LAYERS)
    (tmp_path / "helper.py").write_text("def double(x): return 2 * x\n")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def message(target: str) -> str:
    with pytest.raises(UnknownTarget) as caught:
        load(target)
    return str(caught.value)


def test_a_name_in_a_file(folder):
    assert load("layers.py:point") == 3
    assert load(f"{folder}/layers.py:point") == 3


def test_what_stands_beside_the_file_can_be_imported(folder, monkeypatch):
    monkeypatch.chdir("/")
    assert load(f"{folder}/layers.py:affine_forward")(2) == 4


def test_dotted_names_and_pairs(folder):
    assert load("layers.py:Net.loss")(None) == 1
    forward, backward = load("layers.py:affine_forward, affine_backward")
    assert (forward.__name__, backward.__name__) == ("affine_forward", "affine_backward")


def test_a_module_of_the_current_folder(folder):
    assert load("layers:point") == 3


def test_a_file_of_another_folder_is_not_the_module_of_its_name(folder):
    (folder / "other").mkdir()
    (folder / "other" / "layers.py").write_text("point = 5\n")
    assert load("other/layers.py:point") == 5
    assert load("layers:point") == 3


def test_a_file_is_not_looked_for_anywhere_else(folder, monkeypatch):
    (folder / "other").mkdir()
    monkeypatch.chdir(folder / "other")
    monkeypatch.syspath_prepend(str(folder))
    assert "is not there" in message("layers.py:point")


def test_a_file_named_like_a_module_in_use_does_not_replace_it(folder):
    (folder / "math.py").write_text("tau = 0\n")
    import math

    assert load("math.py:tau") == 0
    assert sys.modules["math"] is math


def test_the_files_folder_shadows_nothing_afterwards(folder):
    load("layers.py:point")
    assert sys.path[-1] == str(folder)
    assert sys.path[0] != str(folder)


def test_dataclasses_in_a_file_find_their_module(folder):
    code = "from __future__ import annotations\nfrom dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\n"
    (folder / "records.py").write_text(code)
    assert load("records.py:P")(1).x == 1


def test_a_name_that_is_not_there(folder):
    assert message("layers.py:Affine_Forward") == (
        "layers.py has no 'Affine_Forward'; did you mean 'affine_forward' or 'affine_backward'? "
        "it has: Net, affine_backward, affine_forward, point"
    )
    assert message("layers.py:Net.los") == "layers.py:Net has no 'los'; did you mean 'loss'? it has: loss"
    assert message("layers.py:zzz") == "layers.py has no 'zzz'; it has: Net, affine_backward, affine_forward, point"


def test_a_file_that_is_not_there(folder):
    assert message("layer.py:point") == (
        f"file 'layer.py' is not there (looked at {folder / 'layer.py'}); did you mean layers.py:point?"
    )
    assert message("sub/zzz.py:point") == (
        f"file 'sub/zzz.py' is not there (looked at {folder / 'sub/zzz.py'}); "
        "give the path of an existing file, FILE.py:NAME or pkg.mod:NAME"
    )


def test_a_folder_is_no_file(folder):
    (folder / "folder.py").mkdir()
    assert message("folder.py:x").startswith(f"file 'folder.py' is a folder (looked at {folder / 'folder.py'})")


def test_a_target_without_a_name(folder):
    assert message("layers.py") == (
        "target 'layers.py' names no object; expected FILE.py:NAME or pkg.mod:NAME, for example "
        "layers.py:affine_forward (it has: affine_forward, affine_backward, Net, point)"
    )
    assert message("layers") == (
        "target 'layers' names no object; expected FILE.py:NAME or pkg.mod:NAME, for example layers.py:affine"
    )


def test_a_module_that_is_not_there(folder):
    assert message("no_such_module:x") == (
        "module 'no_such_module' is not there: No module named 'no_such_module'; "
        "install it, or give a file, FILE.py:NAME or pkg.mod:NAME"
    )
    assert message("not a module:x") == (
        "'not a module' is neither a .py file nor a module's dotted name; expected FILE.py:NAME or pkg.mod:NAME"
    )


def test_an_import_that_fails_inside_says_which_line_and_why(folder):
    (folder / "broken.py").write_text("x = 1\nimport no_such_module\n")
    assert message("broken.py:x") == (
        "loading broken.py failed at line 2: ModuleNotFoundError: No module named 'no_such_module'; "
        "the same happens with: python broken.py"
    )
    assert message("broken:x") == "loading broken failed: ModuleNotFoundError: No module named 'no_such_module'"


def test_a_syntax_error_says_where(folder):
    (folder / "broken.py").write_text("x = 1\ny = (\n")
    assert message("broken.py:x") == (
        "loading broken.py failed at line 2: SyntaxError: '(' was never closed; the same happens with: python broken.py"
    )


def test_a_script_that_exits_is_told_what_to_do(folder):
    (folder / "script.py").write_text("raise SystemExit(3)\n")
    assert message("script.py:x") == (
        "loading script.py failed at line 1: SystemExit: 3; it ends the program when it is loaded: "
        'put that under if __name__ == "__main__":'
    )


def test_a_file_of_a_package_is_named_as_a_module(folder):
    (folder / "pkg").mkdir()
    (folder / "pkg/__init__.py").write_text("")
    (folder / "pkg/layer.py").write_text("from . import other\n")
    assert message("pkg/layer.py:x").endswith(
        "the file is part of a package: name it as pkg.mod:NAME, from the folder above the package"
    )


def test_a_failed_load_leaves_no_module_behind(folder):
    (folder / "half.py").write_text("x = 1\n1 / 0\n")
    message("half.py:x")
    assert "half" not in sys.modules


def test_a_keyboard_interrupt_is_not_swallowed(folder):
    (folder / "stopped.py").write_text("raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        load("stopped.py:x")
    assert "stopped" not in sys.modules


def test_the_path_may_hold_colons(folder):
    odd = folder / "a:b"
    odd.mkdir()
    (odd / "x.py").write_text("y = 5\n")
    assert load(f"{Path('a:b')}/x.py:y") == 5
