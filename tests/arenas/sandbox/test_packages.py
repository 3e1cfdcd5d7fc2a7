"""What a caller allows besides the standard library can be imported, is recorded, and opens no wall."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import attacks
import pytest

from lanista.arenas.sandbox import FULL, Call, Limits, Sandbox
from lanista.errors import LanistaError, UsageError

PROGRAM = """
import os, sys
def root(n):
    import numpy as np
    return float(np.sqrt(np.arange(n)).sum())
def late():
    import numpy.testing, numpy.fft, numpy.polynomial, numpy.ma
    numpy.testing.assert_allclose(numpy.linalg.inv(numpy.eye(3)), numpy.eye(3))
    return True
def draw():
    import numpy as np
    return [float(x) for x in np.random.rand(3)]
def other():
    import pandas
"""

# The same walls, tried with what numpy brings: it reads, writes and maps files by itself, in C.
BODIES = {
    "read with fromfile": "return np.fromfile('SECRET_FILE', dtype='S1').tobytes()",
    "read with loadtxt": "return str(np.loadtxt('SECRET_FILE', dtype=str))",
    "map a file": "return bytes(np.memmap('SECRET_FILE', mode='r'))",
    "map a file for writing": "m = np.memmap('SECRET_FILE', mode='r+'); m[:] = 0; m.flush(); return 1",
    "write with tofile": "np.arange(3).tofile('MARK'); return 1",
    "write with save": "np.save('MARK', np.arange(3)); return 1",
    "write into the package": "open(np.__file__, 'a'); return 1",
    "remove the package": "os.remove(np.__file__); return 1",
    "list what lies beside the package": "return os.listdir(os.path.dirname(os.path.dirname(np.__file__)))",
    "read what lies beside the package": "return open(np.__file__ + '/../../six.py').read()",
    "ask for distributions": "import importlib.metadata as m\n"
    "    sys.path.append(os.path.dirname(os.path.dirname(np.__file__)))\n"
    "    return sorted(str(d.metadata['Name']) for d in m.distributions())",
    "start the compiler": "import subprocess; return subprocess.run([sys.executable or 'cc', '-m', 'numpy.f2py'])",
    "memory beyond the limit": "return float(np.ones(1 << 30)[0])",
}


@pytest.fixture(scope="module")
def given(box: Sandbox) -> Any:
    with Sandbox(tier=box.tier, packages=("numpy",)) as made:
        yield made


def test_a_package_can_be_imported_and_is_recorded(given: Sandbox) -> None:
    results = given.run(PROGRAM, [Call("root", (5,)), Call("late")], Limits(cpu_s=20))
    assert results[0].value == pytest.approx(0 + 1 + 2**0.5 + 3**0.5 + 2)
    assert results[1].value is True, results
    import numpy

    assert results.packages == given.packages == (f"numpy=={numpy.__version__}",)
    assert given.run("x =", [Call("f")]).packages == given.packages
    assert given.run("#" * 2_000_000, [Call("f")]).packages == given.packages
    assert given.run("", [Call("f")] * 2, fresh=True).packages == given.packages


def test_nothing_else_can_and_nothing_is_there_by_default(given: Sandbox, box: Sandbox) -> None:
    assert "No module named 'pandas'" in given.run(PROGRAM, [Call("other")])[0].error
    results = box.run(PROGRAM, [Call("root", (5,))])
    assert "No module named 'numpy'" in results[0].error
    assert results.packages == ()


def test_the_global_generator_starts_the_same(given: Sandbox) -> None:
    first = given.run(PROGRAM, [Call("draw")])[0].value
    assert given.run(PROGRAM, [Call("draw")])[0].value == first
    with Sandbox(tier=given.tier, packages=("numpy",)) as other:
        assert other.run(PROGRAM, [Call("draw")])[0].value == first


def test_a_module_that_is_one_file(box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found where this process would import it; what it needs must be named as well."""
    (tmp_path / "lone_module.py").write_text("VALUE = 7\n", encoding="utf-8")
    (tmp_path / "needs_it.py").write_text("import lone_module\nVALUE = lone_module.VALUE + 1\n", encoding="utf-8")
    (tmp_path / "beside.py").write_text("VALUE = 9\n", encoding="utf-8")
    for path in (tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)
    monkeypatch.syspath_prepend(str(tmp_path))
    program = "import sys, importlib\ndef f(name):\n    sys.modules.pop(name, None)\n"
    program += "    importlib.invalidate_caches()\n    return __import__(name).VALUE\n"
    with Sandbox(tier=box.tier, packages=["needs_it", "lone_module"]) as made:
        results = made.run(program, [Call("f", (name,)) for name in ("lone_module", "needs_it", "beside")])
        assert [r.value for r in results.results] == [7, 8, None]
        assert made.packages == ("needs_it", "lone_module")
    with pytest.raises(LanistaError, match=r"cannot import needs_it in the sandbox: .*lone_module.* named in packages"):
        Sandbox(tier=box.tier, packages=["needs_it"])


def test_a_package_that_starts_threads_is_named(box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    (tmp_path / "threading_module.py").write_text(source, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(LanistaError, match=r"threading_module .*starts threads"):
        Sandbox(tier=box.tier, packages=["threading_module"])


@pytest.mark.parametrize(
    ("packages", "says"),
    [
        ("numpy", "a list of names"),
        (None, "a list of names"),
        ((3,), "3 is no name"),
        (("num py",), "'num py' is no name"),
        (("numpy.linalg",), "name the whole package, 'numpy'"),
        (("json",), "'json' is in the standard library"),
        (("lanista",), "'lanista' is the sandbox's own name"),
        (("nothing_like_this",), "'nothing_like_this' cannot be allowed: it is not installed here"),
    ],
)
def test_what_cannot_be_allowed_is_named(packages: Any, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        Sandbox(packages=packages)


def test_another_interpreters_packages_are_its_own(box: Sandbox) -> None:
    with Sandbox(tier=box.tier, python=sys.executable, packages=("numpy",)) as made:
        assert made.run(PROGRAM, [Call("root", (2,))])[0].value == 1.0


def test_the_walls_hold_with_numpy_inside(given: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every attack there is, and numpy's own ways."""
    own = {name: f"import numpy as np\n    {body}" for name, body in BODIES.items()}
    monkeypatch.setattr(attacks, "BODIES", {**attacks.BODIES, **own})
    found = attacks.attack_all(lambda: Sandbox(tier=given.tier, packages=("numpy",)), attacks.BODIES)
    assert set(found) > set(own)
    assert {name: out for name, out in found.items() if out} == {}


def test_a_tmp_of_its_own_goes_with_packages(given: Sandbox) -> None:
    if given.tier != FULL:
        pytest.skip("only tier full has files")
    import numpy

    if numpy.__file__.startswith("/tmp/"):
        pytest.skip("this environment lies under /tmp, which a /tmp of its own hides: the test below holds that case")
    program = "import numpy as np\ndef f():\n    np.save('/tmp/x.npy', np.arange(4))\n"
    program += "    return int(np.load('/tmp/x.npy').sum())\n"
    assert given.run(program, [Call("f")], Limits(file_bytes=100_000, cpu_s=10))[0].value == 6


def test_packages_under_tmp_and_a_tmp_of_its_own_are_one_line(given: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mount would hide the packages; the child used to fail over them."""
    monkeypatch.setattr(given, "_found", given._found._replace(paths=("/tmp/env/site-packages/numpy",)))
    given.check_limits(Limits())
    with pytest.raises(UsageError, match=r"/tmp/env/site-packages/numpy .* outside /tmp"):
        given.check_limits(Limits(file_bytes=100_000))
