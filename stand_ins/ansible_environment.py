# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The collection under test, the Python of its runs, and an environment without the caller's settings."""

from __future__ import annotations

import os
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
COLLECTIONS = os.environ.get("COLLECTIONS_UNDER_TEST", str(REPO / "build" / "collections"))
# `make certify` has an environment that holds nothing but what a run needs.
BIN = Path(os.environ.get("BIN_UNDER_TEST", Path(sys.executable).parent))
PYTHON = str(BIN / "python")
# The caller's own shell must not decide what a test sees.
PASSED_ON = ("PATH", "HOME", "TMPDIR", "USER", "LOGNAME", "SSH_AUTH_SOCK", "PYENV_ROOT")


def environment(home: Path) -> dict[str, str]:
    """Return the environment of an Ansible that knows this collection, and not the caller's settings."""
    home.mkdir(parents=True, exist_ok=True)
    config = home / "ansible.cfg"
    config.touch()
    env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return env | {
        "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS,
        "ANSIBLE_CONFIG": str(config),
        "ANSIBLE_DEPRECATION_WARNINGS": "1",
        "ANSIBLE_FORCE_COLOR": "0",
        "ANSIBLE_HOME": str(home),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_REMOTE_TMP": str(home / "tmp"),
        "ANSIBLE_RETRY_FILES_ENABLED": "0",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "LC_ALL": "C.UTF-8",
        "PATH": os.pathsep.join([str(BIN), env.get("PATH", os.defpath)]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
