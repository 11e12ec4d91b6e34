"""What pyproject.toml cannot say: the folders as one package `depeche`, and its compiled part."""

from __future__ import annotations

import hashlib
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

ROOMS = ("labels", "model", "train")  # folders beside this file, installed as depeche.labels …
SOURCE = "model/kernel.c"
EXPORTS = ["cut", "sum_grams", "sum_texts", "see", "walk", "find_words"]


def packages() -> list[str]:
    """Return the names of all packages."""
    folders = [path.parent for room in ROOMS for path in sorted(Path(room).rglob("__init__.py"))]
    return ["depeche", *(f"depeche.{'.'.join(folder.parts)}" for folder in folders)]


class BuildModules(build_py):
    """Builds `classify.py`, which stands beside the folders, as `depeche.classify`."""

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        """Return package, name and file of the modules of one package."""
        modules: list[tuple[str, str, str]] = super().find_package_modules(package, package_dir)
        if package == "depeche":
            modules.append(("depeche", "classify", "classify.py"))
        return modules


class BuildKernel(build_ext):
    """Compiles `model/kernel.c` to a library that knows nothing of Python and is called by ctypes.

    Without a C compiler it is left out, and numpy does its work.
    """

    def get_ext_filename(self, fullname: str) -> str:
        """Return where the library goes: its name tells its source, as `model/kernel.py` asks."""
        digest = hashlib.sha256(Path(SOURCE).read_bytes()).hexdigest()[:8]
        return str(Path(*fullname.split(".")).with_name(f"_kernel-{digest}.so"))

    def get_outputs(self) -> list[str]:
        """Return the files that were made."""
        return [name for name in super().get_outputs() if Path(name).exists()]

    def get_output_mapping(self) -> dict[str, str]:
        """Return where in the source tree each file that was made lies, in an editable install."""
        mapping: dict[str, str] = super().get_output_mapping()
        return {made: source for made, source in mapping.items() if Path(source).exists()}


class AnyPython(bdist_wheel):
    """Names the wheel as one for every Python 3 on this platform."""

    def get_tag(self) -> tuple[str, str, str]:
        """Return the tags of Python, its binary interface and the platform."""
        return ("py3", "none", super().get_tag()[2])


setup(
    packages=packages(),
    package_dir={"depeche": "depeche", **{f"depeche.{room}": room for room in ROOMS}},
    package_data={"": ["*"], "depeche.model": ["default/*"], "depeche.model.outputs": ["page/*"]},
    ext_modules=[
        Extension(
            "depeche.model._kernel",
            [SOURCE],
            extra_compile_args=["-std=c99", "-O3"],  # no -march: for every processor of its kind
            export_symbols=EXPORTS,
            optional=True,
        )
    ],
    cmdclass={"build_py": BuildModules, "build_ext": BuildKernel, "bdist_wheel": AnyPython},
)
