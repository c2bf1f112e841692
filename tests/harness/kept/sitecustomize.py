# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep what each ansible-playbook of the tests would otherwise work out again.

Python imports this file when it starts, since its folder is on the PYTHONPATH of such a run. Four functions
then keep their results in the folder KEPT_BY_TESTS: two that compile collections and shipped modules, one
that reads the routing of a collection, and the one with which botocore reads the description of a service.
Where a release has no such function, or the folder cannot be used, nothing is kept.
"""

from __future__ import annotations

import marshal
import os
import sys
import zipimport
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any

FOLDER = os.environ.get("KEPT_BY_TESTS", "")


def digest(content: bytes) -> bytes:
    import hashlib  # most processes that start here need none

    return hashlib.sha256(content).digest()


def kept(name: str, key: bytes, make: Callable[[], Any], form: Any) -> Any:
    """Return what is kept under a name if it is of this key, or make and keep it. form: marshal or pickle."""
    path = os.path.join(FOLDER, digest(f"{sys.version} {name}".encode()).hex())
    # What cannot be read back, whatever is wrong with it, is made again.
    with suppress(Exception), open(path, "rb") as file:
        if file.read(len(key)) == key:
            return form.loads(file.read())
    made = make()
    with suppress(OSError):
        os.makedirs(FOLDER, exist_ok=True)
        part = f"{path}.{os.getpid()}"
        with open(part, "wb") as file:
            file.write(key + form.dumps(made))
        # Many runs share the folder: each finds a whole file or none.
        os.replace(part, path)
    return made


def keep_code(module: ModuleType) -> None:
    """Keep the code of collections for the text of their sources: a changed one is noticed by any change."""
    loader: Any = module._AnsibleCollectionPkgLoaderBase
    compiled = loader.get_code

    def get_code(self: Any, fullname: str) -> Any:
        source = self.get_source(fullname)
        if self._compiled_code is None and isinstance(source, bytes):
            path = self.get_filename(fullname)
            self._compiled_code = kept(path, digest(source), lambda: compiled(self, fullname), marshal)
        return compiled(self, fullname)

    loader.get_code = get_code


def keep_shipped(module: ModuleType) -> None:
    """Keep the code of what is shipped to a Python, in an archive with another name each time."""
    import _imp

    compiled = module._compile_source

    def compile_source(path: str, source: bytes) -> Any:
        code = kept(
            path.partition(".zip")[2] or path, digest(source), lambda: compiled(path, source), marshal
        )
        _imp._fix_co_filename(code, path)  # type: ignore[attr-defined]
        return code

    module._compile_source = compile_source  # type: ignore[attr-defined]


def keep_routing(module: ModuleType) -> None:
    """Keep what meta/runtime.yml of a collection says, for its text."""
    import pickle

    read = module._meta_yml_to_dict

    def meta_yml_to_dict(text: str | bytes, content_id: Any) -> Any:
        key = digest(text if isinstance(text, bytes) else text.encode())
        return kept(str(content_id), key, lambda: read(text, content_id), pickle)

    module._meta_yml_to_dict = meta_yml_to_dict  # type: ignore[attr-defined]


def keep_descriptions(module: ModuleType) -> None:
    """Keep the descriptions of services for the time and the size of their files, which no test writes."""
    import pickle

    loader: Any = module.JSONFileLoader
    read = loader._load_file

    def load_file(self: Any, path: str, opened: Any) -> Any:
        with suppress(OSError):
            stat = os.stat(path)
            key = f"{stat.st_mtime_ns:032}{stat.st_size:032}".encode()
            return kept(path, key, lambda: read(self, path, opened), pickle)
        return read(self, path, opened)

    loader._load_file = load_file


class Changes(PathFinder):
    """Changes a module once it has been imported."""

    left: dict[str, Callable[[ModuleType], None]] = {
        "ansible.utils.collection_loader._collection_finder": keep_code,
        "ansible.utils.collection_loader._collection_meta": keep_routing,
        "botocore.loaders": keep_descriptions,
    }

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        change = cls.left.pop(fullname, None)
        spec = super().find_spec(fullname, path, target) if change else None
        if change and spec and spec.loader:
            execute, apply = spec.loader.exec_module, change

            def exec_module(module: ModuleType) -> None:
                execute(module)
                with suppress(AttributeError):
                    apply(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


if FOLDER:
    sys.meta_path.insert(0, Changes)
    with suppress(AttributeError):
        keep_shipped(zipimport)
