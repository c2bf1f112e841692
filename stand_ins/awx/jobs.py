# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Jobs of the stand-in's templates, run by ansible-runner as AWX runs them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ansible_runner
import requests

from stand_ins.ansible_environment import environment

from .credentials import Injected
from .objects import Thing, Values, mapping_of
from .stand_in import AwxStandIn

# Not among what AWX shows of a job: the command with its environment, which holds the credentials.
_OF_AWX_ALONE = {"command"}


@dataclass
class Job:
    """The result of a job. artifacts: of set_stats. log: all that AWX keeps of it, as one text."""

    status: str
    events: list[Values]
    artifacts: Values
    log: str
    secrets: list[str]

    @property
    def good(self) -> bool:
        return self.status == "successful"

    @property
    def stdout(self) -> str:
        return "\n".join(str(event.get("stdout", "")) for event in self.events)

    @property
    def changed(self) -> int:
        stats = self.events[-1].get("event_data", {}) if self.events else {}
        return sum(stats.get("changed", {}).values())


class Runner:
    """Runs job templates of a stand-in. env: of the machine, such as the address of a stand-in of AWS."""

    def __init__(self, awx: AwxStandIn, folder: Path, env: Mapping[str, str]) -> None:
        self.awx, self._folder, self._env = awx, folder, dict(env)
        self._number = 0
        self._lock = threading.Lock()

    def launch(
        self, template: str, *, artifacts: Mapping[str, Any] | None = None, **prompts: Any
    ) -> list[Job]:
        """Return the jobs of one launch, one for each slice, which run at the same time.

        artifacts: of the previous jobs in a workflow. prompts: as for the API, where extra_vars
        are the answers to the survey.
        """
        job = self._launched(template, prompts)
        slices = job.values["job_slice_count"]
        with ThreadPoolExecutor(slices) as pool:
            parts = [
                pool.submit(self._run, job, (number, slices), artifacts or {}) for number in range(slices)
            ]
            return [part.result() for part in parts]

    def cancelled(self, template: str, when: Callable[[], bool], **prompts: Any) -> Job:
        """Return a job that somebody cancels as soon as `when` is true."""
        return self._run(self._launched(template, prompts), (0, 1), {}, when)

    def _launched(self, template: str, prompts: Mapping[str, Any]) -> Thing:
        number = self.awx.find("job_templates", template).id
        answer = requests.post(
            f"{self.awx.url}/api/v2/job_templates/{number}/launch/",
            json=prompts,
            headers={"Authorization": f"Bearer {self.awx.token}"},
            timeout=30,
        )
        assert answer.status_code == 201, answer.text
        assert not answer.json()["ignored_fields"]
        return self.awx.objects.things[answer.json()["id"]]

    def _run(
        self,
        job: Thing,
        part: tuple[int, int],
        artifacts: Mapping[str, Any],
        cancel: Callable[[], bool] = lambda: False,
    ) -> Job:
        with self._lock:
            self._number += 1
            home = self._folder / f"job-{self._number}"
        (home / "project").mkdir(parents=True)
        injected = Injected(home)
        template = self.awx.objects.things[job.values["template"]]
        for credential in self.awx.linked(template, "credentials"):
            injected.add(credential, self.awx.objects)
        values = job.values
        runner = ansible_runner.run(
            private_data_dir=str(home),
            playbook=values["playbook"],
            inventory=_written(home / "inventory" / "hosts.json", self._inventory(values["inventory"], part)),
            extravars={**mapping_of(values["extra_vars"]), **injected.extra_vars, **artifacts},
            envvars={**environment(home / "home"), **self._env, **injected.env},
            limit=values["limit"] or None,
            forks=values["forks"],
            cmdline=" ".join(_switches(values)) or None,
            settings={"fact_cache": "fact_cache", "fact_cache_type": "jsonfile", "pexpect_timeout": 1},
            quiet=True,
            cancel_callback=cancel,
        )
        folder = Path(runner.config.artifact_dir)
        events = list(runner.events)
        kept = [path for path in folder.rglob("*") if path.is_file() and path.name not in _OF_AWX_ALONE]
        return Job(
            status=runner.status,
            events=events,
            artifacts=events[-1].get("event_data", {}).get("artifact_data", {}) if events else {},
            log="\n".join(path.read_text(encoding="utf-8", errors="replace") for path in kept),
            secrets=injected.secrets,
        )

    def _inventory(self, number: int, part: tuple[int, int]) -> Values:
        inventory = self.awx.objects.things[number]
        hosts = [each for each in self.awx.objects.of("hosts") if each.values["inventory"] == number]
        chosen: Sequence[Thing] = hosts[part[0] :: part[1]]
        hostvars = {each.name: mapping_of(each.values["variables"]) for each in chosen}
        return {"all": {"hosts": hostvars, "vars": mapping_of(inventory.values["variables"])}}


def _switches(values: Mapping[str, Any]) -> list[str]:
    check = ["--check"] if values["job_type"] == "check" else []
    return [*check, *(["--diff"] if values["diff_mode"] else [])]


def _written(path: Path, data: Any) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data), encoding="utf-8")
    return str(path)
