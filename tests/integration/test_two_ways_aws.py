# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The modules of AWS give the same results in Ansible's own worker and in a Python of their own.

Both hosts are the controller. The Python of one is given by another path, so that its modules are shipped.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stand_ins.ansible_environment import PYTHON
from stand_ins.aws import AwsStandIn
from tests.harness.playbook import PlaybookRun, run_playbook

COLLECTION = "antmedia.s3_recording."
REGION = "eu-west-1"
# Of the same length, so that what is made from them differs in nothing else.
HERE, SHIPPED = "here", "sent"
STARTED_A_PROGRAM = re.compile(r"^<(\S+)> EXEC ", re.M)
# Added by Ansible after the module has ended, in its own way for each.
UNPROTECTED = "is protected by the file's mode (0600) alone"
ANSIBLES_OWN = ("_ansible_no_log", "exception")
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::{{ bucket }}/*"}],
}
STORED = {"user_name": "{{ bucket }}-user", "stored_at": "{{ keys }}/{{ bucket }}.json", "store": "file"}
# By the name of the task: the module, its options, how it ends, and other keywords of the task.
CASES: dict[str, tuple[str, dict[str, Any], str, dict[str, Any]]] = {
    "bucket, checked": (
        "s3_recording_bucket",
        {"name": "{{ bucket }}"},
        "changed",
        {"check_mode": True, "diff": True},
    ),
    "bucket": ("s3_recording_bucket", {"name": "{{ bucket }}"}, "changed", {"diff": True}),
    "bucket again": ("s3_recording_bucket", {"name": "{{ bucket }}"}, "ok", {}),
    "access": (
        "s3_bucket_access",
        {"name": "{{ bucket }}", "delivery": "public", "folders": ["streams"]},
        "changed",
        {"diff": True},
    ),
    "cors": (
        "s3_cors",
        {
            "name": "{{ bucket }}",
            "rules": [
                {"id": "players", "allowed_origins": ["https://a.example"], "allowed_methods": ["GET"]}
            ],
        },
        "changed",
        {"diff": True},
    ),
    "user": (
        "iam_programmatic_user",
        {"user_name": "{{ bucket }}-user", "policy": POLICY},
        "changed",
        {"diff": True},
    ),
    "key": ("iam_stored_access_key", STORED, "changed", {}),
    "key again": ("iam_stored_access_key", STORED, "ok", {}),
    "key looked up": (
        "iam_stored_access_key_info",
        {**STORED, "user_name": "{{ bucket }}-user"},
        "ok",
        {},
    ),
    "refused by S3": ("s3_recording_bucket", {"name": "{{ theirs }}"}, "failed", {}),
    "unknown option": ("s3_cors", {"name": "{{ bucket }}", "rulez": []}, "failed", {}),
    "no credentials": (
        "s3_recording_bucket",
        {"name": "{{ bucket }}"},
        "failed",
        {"environment": {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}},
    ),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlaybookRun]:
    folder: Path = tmp_path_factory.mktemp("two-ways-aws")
    other = folder / "python"
    other.write_text(f'#!/bin/sh\nexec {PYTHON} "$@"\n')
    other.chmod(0o755)
    pythons = {HERE: PYTHON, SHIPPED: str(other)}
    hosts = {
        host: {
            "ansible_connection": "local",
            "ansible_python_interpreter": python,
            "bucket": f"two-ways-{host}",
        }
        for host, python in pythons.items()
    }
    play = {
        "hosts": "all",
        "gather_facts": False,
        "vars": {"keys": str(folder), "theirs": "two-ways-theirs"},
        "module_defaults": {f"group/{COLLECTION}aws": {"region": REGION}},
        "tasks": [
            {"name": case, COLLECTION + module: options, "ignore_errors": True, **keywords}
            for case, (module, options, _ends, keywords) in CASES.items()
        ],
    }
    with AwsStandIn(region=REGION) as aws:
        aws.fault(action="s3:CreateBucket", code="AccessDenied", status=403, skip=2, count=100)
        yield run_playbook(
            [play],
            inventory={"all": {"hosts": hosts}},
            env=aws.env(),
            verbosity=3,
            expected_warnings=[UNPROTECTED],
        )


@pytest.mark.parametrize("case", CASES)
def test_a_module_gives_the_same_result(run: PlaybookRun, case: str) -> None:
    here, shipped = (run.task(case, host) for host in (HERE, SHIPPED))
    assert here.status == CASES[case][2], here.result
    assert shipped.status == here.status
    assert comparable(here.result) == comparable(shipped.result)


def test_only_the_other_python_is_started(run: PlaybookRun) -> None:
    assert set(STARTED_A_PROGRAM.findall(run.output)) == {SHIPPED}


def comparable(result: dict[str, Any]) -> Any:
    text = json.dumps(
        {key: value for key, value in result.items() if key not in ANSIBLES_OWN}, sort_keys=True
    )
    for own, neutral in (
        (rf"two-ways-(?:{HERE}|{SHIPPED})", "NAME"),
        (r"AKIA\w{16}", "KEY"),
        (r"\d{4}-\d\d-\d\dT[\d:.]+(?:\+00:00|Z)", "TIME"),
    ):
        text = re.sub(own, neutral, text)
    return json.loads(text)
