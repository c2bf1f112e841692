# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A simulated fleet, an inventory for it, and the requests that each host must get."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stand_ins.ams import Fleet
from stand_ins.ansible_environment import BIN, COLLECTIONS
from tests.harness.playbook import KEEPING, environment

from .measure import Cost, measured

if TYPE_CHECKING:
    from .candidates import Candidate

HERE = Path(__file__).parent
COLLECTION = Path(COLLECTIONS, "ansible_collections", "antmedia", "s3_recording")
APPS = ("live", "LiveApp", "WebRTCApp")
ONE, THREE = APPS[:1], APPS
FIRST, SECOND = "first run", "second run"
FORKS = 25
LOGIN, LOGOUT = "POST /rest/v2/users/authenticate", "DELETE /rest/v2/users/logout"
SETTINGS = "/rest/v2/applications/settings/"
# What the server itself rewrites at any POST.
SERVERS_OWN = {"updateTime", "encoderSettingsString"}
MODULE = "plugins/modules/ams_app_settings.py"
# Of the documentation of AWS, and of no account.
KEY = {
    "s3_recording_access_key_id": "AKIAIOSFODNN7EXAMPLE",
    "s3_recording_secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
}


class WrongWork(AssertionError):
    """A run that was cheap or dear because it did something else than it should."""


def expected_requests(apps: Sequence[str], *, written: bool) -> list[str]:
    """Return the requests of a session to one host, in their order.

    The recordings that forwarding would hide are counted where it is switched on.
    """
    reads = [f"GET {SETTINGS}{app}" for app in apps]
    counts = [f"GET /rest/v2/request?_path={app}/rest/v2/vods/count" for app in apps]
    writes = [f"{method} {SETTINGS}{app}" for app in apps for method in ("POST", "GET")]
    return [LOGIN, *reads, *(counts + writes if written else []), LOGOUT]


def expected_uri_requests(apps: Sequence[str], *, written: bool) -> list[str]:
    writes = [f"POST {SETTINGS}{app}" for app in apps]
    return [LOGIN, *(f"GET {SETTINGS}{app}" for app in apps), *(writes if written else [])]


def role_variables(apps: Sequence[str], folder: Path) -> dict[str, Any]:
    """Return one intent for every host, with a key that is given: no AWS is needed."""
    return {
        "s3_recording_bucket": "bench-recordings",
        "s3_recording_region": "eu-west-1",
        "s3_recording_applications": list(apps),
        "s3_recording_folder_per_application": True,
        # What follows the setting of a changed server is another play's worth.
        "s3_recording_verify": False,
        "s3_recording_backup_dir": str(folder / "backup"),
        **KEY,
    }


class Site:
    """So many hosts at http or https; every run on it is measured."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.fleet, self.folder = fleet, folder
        self.asked: dict[str, dict[str, Any]] = {}
        self._delay = 0.0
        library = folder / "library"
        library.mkdir()
        (library / "bench_noop.py").write_text((HERE / "library/bench_noop.py").read_text(encoding="utf-8"))
        # Under a name that no action has, so that Ansible starts it as any other module.
        (library / "bench_shipped.py").write_text((COLLECTION / MODULE).read_text("utf-8"))
        self.env = environment(
            folder / "home",
            {
                "ANSIBLE_ACTION_PLUGINS": str(HERE / "action_plugins"),
                "ANSIBLE_LIBRARY": str(library),
                "ANSIBLE_FORKS": str(FORKS),
            },
        )
        # As a user's: without the callback that records for the tests and what makes their runs cheap.
        for name in ("ANSIBLE_CALLBACKS_ENABLED", "PYTHONDONTWRITEBYTECODE", *KEEPING):
            del self.env[name]
        Path(self.env["ANSIBLE_CONFIG"]).write_text("", encoding="utf-8")

    def learn(self) -> None:
        """Return the settings that the role sets, from a run on one host, which is also a warm-up."""
        before = {app: self.fleet.settings(0, app) for app in APPS}
        self.play("antmedia.s3_recording.servers", 1, APPS)
        for app in APPS:
            after = self.fleet.settings(0, app)
            self.asked[app] = {
                name: value
                for name, value in after.items()
                if value != before[app][name] and name not in SERVERS_OWN
            }
        if not all(self.asked.values()):
            raise WrongWork("the role changed nothing on a fresh server")

    def set_delay(self, seconds: float) -> None:
        self._delay = seconds

    def run(self, candidate: Candidate, hosts: int, *, with_memory: bool) -> Cost:
        """Return the cost of a candidate, once its requests and the hosts' settings are as expected."""
        self._delay_answers(0)
        if candidate.state == FIRST:
            self.fleet.reset()
        elif candidate.state == SECOND:
            self.bare_client(len(self.fleet.hosts), APPS)
        # An unverified change is another state than that of a second run.
        shutil.rmtree(self.folder / "backup", ignore_errors=True)
        self._delay_answers(self._delay)
        self.fleet.clear_requests()
        cost = candidate.run(self, hosts, with_memory)
        self._check(hosts, list(candidate.expected), one_connection=candidate.one_connection)
        return cost

    def _delay_answers(self, seconds: float) -> None:
        self.fleet.set_delays(None, login=seconds, get=seconds, post=seconds, delete=seconds)

    def play(
        self,
        playbook: str | list[dict[str, Any]],
        hosts: int,
        apps: Sequence[str],
        *,
        with_memory: bool = False,
    ) -> Cost:
        name = playbook if isinstance(playbook, str) else self._written("play.json", playbook)
        command = [
            str(BIN / "ansible-playbook"),
            *("-i", self._written("hosts.json", self.inventory(hosts, apps)), name),
        ]
        cost, _printed = measured(command, env=self.env, cwd=self.folder, with_memory=with_memory)
        return cost

    def bare_client(self, hosts: int, apps: Sequence[str], *, with_memory: bool = False) -> Cost:
        job = {
            "hosts": [
                {"url": host.url, "email": host.email, "password": host.password}
                for host in self.fleet.hosts[:hosts]
            ],
            "apps": [{"name": app, "settings": self.asked[app]} for app in apps],
            "ca_path": self.fleet.ca_path,
            "concurrency": 2 * FORKS,
        }
        command = [sys.executable, str(HERE / "bare_client.py"), self._written("job.json", job)]
        cost, _printed = measured(command, env=self.env, cwd=self.folder, with_memory=with_memory)
        return cost

    def inventory(self, hosts: int, apps: Sequence[str]) -> dict[str, Any]:
        """Return the same inventory for every candidate, even if it does not read all variables."""
        admin = self.fleet.hosts[0]
        variables = {
            **role_variables(apps, self.folder),
            "s3_recording_ams_email": admin.email,
            "s3_recording_ams_password": admin.password,
            **({"s3_recording_ams_ca_path": self.fleet.ca_path} if self.fleet.ca_path else {}),
        }
        each = {
            f"ams-{number:04}": {"s3_recording_ams_url": host.url}
            for number, host in enumerate(self.fleet.hosts[:hosts])
        }
        return {"all": {"hosts": each, "vars": variables}}

    def _written(self, name: str, data: Any) -> str:
        path = self.folder / name
        path.write_text(json.dumps(data), encoding="utf-8")
        return str(path)

    def _check(self, hosts: int, expected: list[str], *, one_connection: bool) -> None:
        """Check that each host got exactly these requests, and the others none."""
        came: dict[str, list[str]] = {}
        connections: dict[str, set[int]] = {}
        for request in self.fleet.requests():
            came.setdefault(request["host"], []).append(f"{request['method']} {request['path']}")
            connections.setdefault(request["host"], set()).add(request["connection"])
        addresses = [host.address for host in self.fleet.hosts[: hosts if expected else 0]]
        odd = [address for address in {*came, *addresses} if came.get(address) != expected]
        odd += [address for address in came if address not in addresses]
        if odd:
            raise WrongWork(f"{len(odd)} hosts, the first {odd[0]}: {came.get(odd[0])} instead of {expected}")
        if one_connection and any(len(numbers) != 1 for numbers in connections.values()):
            raise WrongWork("a host was connected to more than once")


@contextmanager
def site(hosts: int, *, tls: bool) -> Iterator[Site]:
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        Fleet(hosts=hosts, tls=tls, apps=APPS) as fleet,
    ):
        made = Site(fleet, Path(folder))
        made.learn()
        yield made
