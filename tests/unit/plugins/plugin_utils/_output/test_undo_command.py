# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command that undoes a run works as it is copied, and holds no secret."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._output.undo_command import Undo, undo_of

RUN = "20261129T170206Z"
END = ["-e", f"s3_recording_rollback_run={RUN}"]
ROLLBACK = "antmedia.s3_recording.rollback"


def undo(*extra_vars: str, **options: Any) -> Undo:
    return undo_of(RUN, ["hosts.yml"], {"extra_vars": extra_vars, **options})


def words(*extra_vars: str, **options: Any) -> list[str]:
    """Return what a shell makes of the command, without what all commands have."""
    first, i, inventory, *rest = shlex.split(undo(*extra_vars, **options).command)
    assert (first, i, inventory) == ("ansible-playbook", "-i", "hosts.yml")
    assert rest[-2:] == END
    return rest[:-2]


def test_a_run_without_options_needs_none() -> None:
    assert words() == [ROLLBACK]
    assert undo_of(RUN, ["my hosts.yml", "b"], {}).command.startswith(
        "ansible-playbook -i 'my hosts.yml' -i b "
    )


@pytest.mark.parametrize(
    ("given", "repeated"),
    [
        ("s3_recording_backup_dir=/srv/backup", ["s3_recording_backup_dir=/srv/backup"]),
        ("s3_recording_hosts='ams:!ams3'", ["s3_recording_hosts=ams:!ams3"]),
        ("s3_recording_backup_dir='/my backup'", ['{"s3_recording_backup_dir": "/my backup"}']),
        (
            '{"s3_recording_applications": ["live", "it\'s"]}',
            ['{"s3_recording_applications": ["live", "it\'s"]}'],
        ),
        ('{"s3_recording_mp4": false}', ['{"s3_recording_mp4": false}']),
        (
            "s3_recording_bucket=b s3_recording_region=eu-west-1",
            ["s3_recording_bucket=b", "s3_recording_region=eu-west-1"],
        ),
        ("@my vars.yml", ["@my vars.yml"]),
        # A rollback does without these.
        ("s3_recording_verify=false", []),
        ('{"s3_recording_settings": {"jwtStreamSecretKey": "hidden"}}', []),
        ("s3_recording_serial=1", []),
    ],
)
def test_a_variable_of_the_command_line_is_given_again(given: str, repeated: list[str]) -> None:
    """The command was copied, and found no run: the backups were in another folder."""
    assert words(given) == [ROLLBACK, *(part for each in repeated for part in ("-e", each))]
    assert undo(given).needs == ""


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("s3_recording_ams_password=hidden", "s3_recording_ams_password"),
        ("s3_recording_ams_url=https://me:hidden@ams:5443", "s3_recording_ams_url"),
        (
            '{"s3_recording_access_key_id": "hidden", "my_token": "hidden"}',
            "s3_recording_access_key_id and my_token",
        ),
        ("{hidden: [", "what could not be parsed"),
    ],
)
def test_what_may_be_secret_is_named_and_not_repeated(given: str, names: str) -> None:
    found = undo(given)
    assert words(given) == [ROLLBACK]
    assert found.needs == f"also -e with {names}, as in this run: such values are not repeated here"
    assert "hidden" not in found.command + found.needs


@pytest.mark.parametrize(
    ("options", "repeated"),
    [
        ({"ask_vault_pass": True}, ["--ask-vault-pass"]),
        (
            {"vault_password_files": ("/my file", "/b")},
            ["--vault-password-file", "/my file", "--vault-password-file", "/b"],
        ),
        ({"vault_ids": ("prod@prompt",)}, ["--vault-id", "prod@prompt"]),
        ({"subset": "ams1,ams2"}, ["--limit", "ams1,ams2"]),
        ({"remote_user": "ubuntu", "private_key_file": "/k"}, ["-u", "ubuntu", "--private-key", "/k"]),
        ({"ask_vault_pass": False, "subset": None, "vault_ids": ()}, []),
    ],
)
def test_an_option_without_which_the_inventory_cannot_be_read(
    options: dict[str, Any], repeated: list[str]
) -> None:
    assert words(**options) == [*repeated, ROLLBACK]


def test_a_command_that_a_terminal_would_cut_names_its_variables_instead() -> None:
    found = undo(*(f"s3_recording_cors_origins=https://{number}.example.com" for number in range(40)))
    assert shlex.split(found.command)[3:] == [ROLLBACK, *END]
    assert found.needs.startswith("also -e with s3_recording_cors_origins, as")
