# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Python packages that a host may lack."""

from __future__ import annotations

import sys
from importlib import import_module

from .errors import CollectionError

# Packages that are installed with another one.
_INSTALLED_WITH = {"botocore": "boto3", "urllib3": "requests"}


def require(package: str) -> None:
    """Raise an error that has the command to run, unless Python can import a package."""
    try:
        import_module(package)
    except ImportError as error:
        is_missing = isinstance(error, ModuleNotFoundError) and error.name == package
        state = f"{package} is not installed for {sys.executable}" if is_missing else str(error)
        install = f"Run: {sys.executable} -m pip install {_INSTALLED_WITH.get(package, package)}"
        raise CollectionError(f"Importing the Python package {package}", state, install) from None
