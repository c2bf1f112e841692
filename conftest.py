# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make the collection importable under its real name, and offer the stand-ins as fixtures.

The stand-ins are imported inside their fixtures: a unit test pays for none of them.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

REPO = Path(__file__).resolve().parent
# The checkout, or what was installed from the tarball.
COLLECTIONS = Path(os.environ.get("COLLECTIONS_UNDER_TEST", REPO / "build" / "collections"))
# What a developer's shell may hold and no test may see.
CALLERS_OWN = ("AWS_", "AMS_", "ANSIBLE_", "S3_", "EC2_")

if TYPE_CHECKING:
    from stand_ins.ams import Fleet
    from stand_ins.aws import AwsStandIn
    from stand_ins.real_ams import RealAms
    from tests.harness.playbook import PlaybookRun


def make_collections_importable() -> None:
    link = COLLECTIONS / "ansible_collections" / "antmedia" / "s3_recording"
    if not link.is_dir():
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to("../../../..", target_is_directory=True)
    for name in [name for name in os.environ if name.startswith(CALLERS_OWN)]:
        del os.environ[name]
    home = tempfile.mkdtemp(prefix="ansible-home-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    config = Path(home, "ansible.cfg")
    config.touch()
    os.environ.update(
        ANSIBLE_COLLECTIONS_PATH=str(COLLECTIONS),
        ANSIBLE_HOME=home,
        AWS_CONFIG_FILE=os.devnull,
        AWS_EC2_METADATA_DISABLED="true",
        AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    )
    # Ansible reads its configuration when it is first imported, so not before the lines above.
    from ansible.plugins.loader import init_plugin_loader
    from ansible.utils.collection_loader import AnsibleCollectionConfig

    if AnsibleCollectionConfig.collection_finder is None:
        init_plugin_loader()


make_collections_importable()
# A slow machine is no failure.
hypothesis.settings.register_profile("by no clock", deadline=None)
hypothesis.settings.load_profile("by no clock")


@pytest.fixture(scope="session")
def repo() -> Path:
    return REPO


@pytest.fixture(scope="session")
def aws() -> Iterator[AwsStandIn]:
    """Start AWS with its refusals, on loopback."""
    from stand_ins.aws import AwsStandIn

    with AwsStandIn() as stand_in:
        yield stand_in


@pytest.fixture
def fleet_factory() -> Iterator[Callable[..., Fleet]]:
    """Return a function that starts simulated AMS servers; they stop with the test."""
    from stand_ins.ams import Fleet

    with ExitStack() as running:

        def start(*arguments: Any, **options: Any) -> Fleet:
            return running.enter_context(Fleet(*arguments, **options))

        yield start


@pytest.fixture
def fleet(fleet_factory: Callable[..., Fleet]) -> Fleet:
    """Start one simulated AMS server."""
    return fleet_factory()


@pytest.fixture(scope="session")
def real_ams() -> Iterator[RealAms]:
    """Start a real Ant Media Server, where one can run."""
    from stand_ins.real_ams import RealAms, unavailable

    reason = unavailable()
    if reason:
        pytest.skip(reason)
    with RealAms() as server:
        yield server


@pytest.fixture
def run_playbook() -> Callable[..., PlaybookRun]:
    """Return a function that runs ansible-playbook; an unexpected warning or exit code fails the test."""
    from tests.harness.playbook import run_playbook as run

    return run


def pytest_report_header() -> str:
    from ansible.release import __version__

    return f"ansible-core {__version__} on Python {sys.version.split()[0]}"
