# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two servers that record to one bucket, a run of Ansible on them, and all that such a run leaves behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from stand_ins.ams import Fleet
from stand_ins.ansible_environment import BIN
from stand_ins.aws import AwsStandIn
from tests.harness.playbook import PlaybookRun, environment, run_playbook

BUCKET, REGION = "sweep-recordings", "eu-west-1"
USER = f"{BUCKET}-recording"
STORED_AT = f"/antmedia/s3_recording/{BUCKET}"
ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class Unsafe(str):
    """A text that Ansible is to take as it is; in a file of variables it is written with !unsafe."""


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style='"'))


def written(path: Path, data: Any) -> Path:
    path.write_text(yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


class World:
    """A fresh AWS account, servers as they were installed, and a folder for all that runs write."""

    def __init__(self, aws: AwsStandIn, fleet: Fleet, folder: Path) -> None:
        aws.reset()
        fleet.reset()
        self.aws, self.fleet, self.folder = aws, fleet, folder
        self.backups = folder / "backups"
        self.names = [f"ams-{number}" for number in range(1, len(fleet.hosts) + 1)]
        self.urls = dict(zip(self.names, fleet.urls))
        self.before = [self.settings(number) for number in range(len(self.names))]
        self.env = aws.env()
        # Extra variables of the next runs, as a survey gives them.
        self.extra: dict[str, Any] = {}
        self.variables: dict[str, Any] = {
            "s3_recording_bucket": BUCKET,
            "s3_recording_region": REGION,
            "s3_recording_delivery": "public",
            "s3_recording_secure_transport_only": False,
            "s3_recording_endpoint": aws.endpoint_url,
            "s3_recording_aws_endpoint_url": aws.endpoint_url,
            "s3_recording_ams_email": fleet.hosts[0].email,
            "s3_recording_ams_password": fleet.hosts[0].password,
            "s3_recording_backup_dir": str(self.backups),
            "s3_recording_serial": "100%",
            "s3_recording_live_test": "none",
            "s3_recording_ams_start_timeout": 0,
            "s3_recording_key_switch_wait": 0,
        }

    def settings(self, number: int) -> dict[str, Any]:
        """With "" for null, as the server has it after a restart."""
        found = self.fleet.settings(number, "live")
        return {name: "" if value is None else value for name, value in found.items()}

    def inventory(self, hosts: Mapping[str, Mapping[str, Any]] | None = None) -> Path:
        """Written below a folder of its own: secrets may be in it, since a user writes them there."""
        own = hosts or {name: {"s3_recording_ams_url": url} for name, url in self.urls.items()}
        folder = self.folder / "inventory"
        folder.mkdir(exist_ok=True)
        content = {"all": {"hosts": {name: dict(of) for name, of in own.items()}, "vars": self.variables}}
        return written(folder / "hosts.yml", content)

    def kept(self) -> dict[str, str]:
        """The environment of a run of which everything stays that it writes anywhere."""
        home = self.folder / "home"
        folders = {name: home / name for name in ("tmp", "local", "async", "remote")}
        for path in folders.values():
            path.mkdir(parents=True, exist_ok=True)
        return {
            **self.env,
            "ANSIBLE_ASYNC_DIR": str(folders["async"]),
            "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(home / "facts"),
            "ANSIBLE_HOME": str(home),
            "ANSIBLE_LOCAL_TEMP": str(folders["local"]),
            "ANSIBLE_LOG_PATH": str(home / "log"),
            "ANSIBLE_REMOTE_TMP": str(folders["remote"]),
            "TMPDIR": str(folders["tmp"]),
        }

    def run(
        self,
        playbook: str | Sequence[Mapping[str, Any]],
        *arguments: str,
        hosts: Mapping[str, Mapping[str, Any]] | None = None,
        **options: Any,
    ) -> PlaybookRun:
        options.setdefault("expected_rc", 0)
        return run_playbook(
            f"antmedia.s3_recording.{playbook}" if isinstance(playbook, str) else playbook,
            inventory=self.inventory(hosts),
            env=self.kept(),
            arguments=arguments,
            **options,
        )

    def command(self, playbook: str, **extra: Any) -> tuple[list[str], dict[str, str]]:
        """Command and environment of a run that the caller starts, to end it himself."""
        command = [str(BIN / "ansible-playbook"), "-i", str(self.inventory())]
        command += [f"--extra-vars={name}={value}" for name, value in extra.items()]
        command.append(f"antmedia.s3_recording.{playbook}")
        return command, environment(self.folder / "home", self.kept())

    def left_files(self) -> list[Path]:
        """What runs have written: logs, facts, temporary files; not the inventory and the backups."""
        apart = (self.folder / "inventory", self.backups)
        return [
            path
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and not any(path.is_relative_to(folder) for folder in apart)
        ]

    def key(self) -> dict[str, str]:
        """The stored access key, from the record of the stand-in itself; empty where there is none."""
        found = self.aws.client("ssm").get_parameters(Names=[STORED_AT], WithDecryption=True)["Parameters"]
        if not found:
            return {}
        stored: dict[str, str] = yaml.safe_load(found[0]["Value"])
        return stored

    def objects(self) -> list[str]:
        s3 = self.aws.client("s3")
        if BUCKET not in [each["Name"] for each in s3.list_buckets()["Buckets"]]:
            return []
        return [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
