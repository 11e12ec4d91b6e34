"""The wheel's compiled part, model/kernel.c: made where there is a C compiler, else left out."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_COMPILERS = ("cc", "gcc", "clang")
_FLAGS = ("-std=c99", "-O3", "-fPIC", "-shared")  # for every processor of its kind: no -march


class KernelHook(BuildHookInterface[Any]):
    """Compiles `model/kernel.c` into the tree, and puts what that gives into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the library, whose name tells what it was compiled from, as `model.kernel` does."""
        source = Path(self.root) / "model" / "kernel.c"
        digest = hashlib.sha256(source.read_bytes()).hexdigest()[:8]
        library = source.with_name(f"_kernel-{digest}.so")
        for old in source.parent.glob("_kernel-*"):
            old.unlink()
        fault = compile_kernel(source, library)
        if fault:
            self.app.display_warning(f"model/kernel.c not compiled, numpy does its work: {fault}")
            return
        build_data["artifacts"].append(f"/model/{library.name}")
        build_data["pure_python"] = False
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"py3-none-{platform}"  # it knows nothing of Python


def compile_kernel(source: Path, library: Path) -> str:
    """Compile a source, by way of a file beside the library; return why it failed, or nothing."""
    named = os.environ.get("CC", "").split()
    found = next(filter(None, map(shutil.which, _COMPILERS)), None)
    compiler = named or ([found] if found else [])
    if not compiler:
        return "no C compiler"
    made = library.with_suffix(f".{os.getpid()}")
    command = [*compiler, *_FLAGS, "-o", str(made), str(source)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            return (done.stderr.strip() or f"{compiler[0]} failed").splitlines()[0]
        made.replace(library)
    except OSError as err:
        return f"{compiler[0]}: {err.strerror}"
    finally:
        made.unlink(missing_ok=True)
    return ""
