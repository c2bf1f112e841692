# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Questions of a survey from options of a role."""

from __future__ import annotations

import datetime
import re
from pathlib import Path
from typing import Any

import pytest
from ansible import template
from ansible.errors import AnsibleFilterError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.parsing.yaml.objects import AnsibleVaultEncryptedUnicode
from ansible.release import __version__ as ansible_version
from ansible_collections.antmedia.s3_recording.plugins.filter.survey import recording_survey
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.texts import not_text
from ansible_collections.antmedia.s3_recording.plugins.plugin_utils._intent.variables import (
    IntentError,
    intent_of,
)

from tests.harness.collection_index import options_of

REPO = Path(__file__).resolve().parents[4]
ROLES = REPO / "roles"


def question(**option: Any) -> dict[str, Any]:
    described = {"description": ["Words."], **option}
    (found,) = recording_survey({"s3_recording_max_age": described}, ["s3_recording_max_age"])["spec"]
    assert (found["variable"], found["question_name"]) == ("s3_recording_max_age", "Max age")
    assert found["required"] is False
    assert "default" not in found
    return dict(found)


@pytest.mark.parametrize(
    ("option", "kind", "shown"),
    [
        ({"type": "str", "default": "a"}, "text", "a"),
        ({"type": "str"}, "text", "empty"),
        ({"type": "int", "default": 0}, "integer", "0"),
        ({"type": "float", "default": 1.5}, "float", "1.5"),
        ({"type": "bool", "default": True}, "multiplechoice", "true"),
        ({"type": "str", "choices": ["", "x"], "default": ""}, "multiplechoice", "empty"),
        ({"type": "list", "elements": "str", "default": ["a", "b"]}, "text", "a, b"),
        ({"type": "list", "choices": ["a"], "default": []}, "multiselect", "empty"),
        ({"type": "raw", "default": None}, "text", "empty"),
    ],
)
def test_types_and_what_the_role_does_without(option: dict[str, Any], kind: str, shown: str) -> None:
    found = question(**option)
    assert found["type"] == kind
    assert found["question_description"].endswith(f"the role's default is {shown}.")


def test_choices_are_text_and_none_is_empty() -> None:
    assert question(type="str", choices=["", 1, "x"])["choices"] == ["1", "x"]
    assert question(type="bool")["choices"] == ["true", "false"]
    assert "choices" not in question(type="str")


def test_markup_becomes_text() -> None:
    text = "V(public) and O(s3_recording_endpoint=V(x)), C(live/streams), but not AWS S3 (of Amazon)."
    told = question(type="str", description=[text])["question_description"]
    assert told.startswith("public and s3_recording_endpoint=x, live/streams, but not AWS S3 (of Amazon).")


def test_a_list_says_how_it_is_written() -> None:
    assert "separated by commas" in question(type="list")["question_description"]
    assert "separated by commas" not in question(type="list", choices=["a"])["question_description"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "the role has no variable secret"),
        ({"secret": {"type": "str", "no_log": True, "description": []}}, "belongs into a credential"),
        ({"secret": {"type": "dict", "description": []}}, "no question can ask for"),
    ],
)
def test_what_cannot_be_asked(options: dict[str, Any], said: str) -> None:
    with pytest.raises(AnsibleFilterError, match=said):
        recording_survey(options, ["secret"])


def as_template(value: Any) -> Any:
    """Mark every text as one that newer releases of ansible-core evaluate."""
    if isinstance(value, dict):
        return {name: as_template(each) for name, each in value.items()}
    if isinstance(value, list):
        return [as_template(each) for each in value]
    mark = getattr(template, "trust_as_template", str)
    return mark(str(value)) if isinstance(value, str) else value


def of_role_for_awx(*expressions: str, **variables: Any) -> list[Any]:
    """Return what expressions give with the variables of the role for AWX."""
    loader = DataLoader()
    files = [str(ROLES / "s3_recording_awx" / each / "main.yml") for each in ("defaults", "vars")]
    known = {name: value for path in files for name, value in loader.load_from_file(path).items()}
    templar = template.Templar(loader=loader, variables=as_template({**known, **variables}))
    return [templar.template(as_template(f"{{{{ {each} }}}}")) for each in expressions]


def surveys(**variables: Any) -> list[set[str]]:
    """Return which variables each job template and the workflow ask for."""
    names = ("__s3_recording_awx_templates", "__s3_recording_awx_intent")
    templates, of_workflow = of_role_for_awx(*names, **variables)
    return [*(set(each["survey"]) for each in templates), set(of_workflow)]


def test_nobody_who_may_only_execute_chooses_where_recordings_go_and_who_reads_them() -> None:
    decided = {"s3_recording_bucket", "s3_recording_region", "s3_recording_delivery"}
    assert [decided & asked for asked in surveys()] == [set()] * 8
    allowed = surveys(s3_recording_awx_survey=sorted(decided))
    assert [bool(decided <= asked) for asked in allowed] == [True] * 3 + [False] * 4 + [True]


# What S3 modules fail without: deletes recordings, takes them from viewers, puts public ACLs into force.
CONSENTS = {
    "s3_recording_expire_existing",
    "s3_recording_break_links",
    "s3_recording_close_existing",
    "s3_recording_allow_changing_others_access",
    "s3_recording_forget_folders",
    "s3_recording_forget_kms_keys",
}
# The state that is desired, the same in each run, and where the servers are.
OF_THE_INVENTORY = (
    *("bucket", "region", "delivery", "secure_transport_only", "allow_open_hls_upload"),
    *("bucket_owner", "versioning", "encryption", "encryption_key_id", "expire_days"),
    *("noncurrent_expire_days", "transitions", "abort_uploads_days", "bucket_tags", "prefix"),
    *("folder_per_application", "storage_class", "cache_control", "settings", "forwarding_extensions"),
    *("base_url", "cloudfront_distribution", "cloudfront_price_class", "viewer_url", "cors"),
    *("cors_origins", "cors_extra_origins", "cors_methods", "iam_user", "iam_user_previous"),
    *(
        "adopt_iam_user",
        "permissions_boundary",
        "attach_s3_full_access",
        "allow_delete",
        "key_file_extensions",
    ),
    *("key_store", "key_path", "key_store_previous", "key_path_previous", "key_kms_key_id"),
    *("key_wait_timeout", "key_max_age_days", "provider", "endpoint", "path_style"),
    *("aws_endpoint_url", "ams_url", "ams_validate_certs", "ams_ca_path", "ams_timeout"),
    *("ams_start_timeout", "cluster", "cluster_timeout", "ams_dir", "backup_dir"),
    *("inventory_hosts", "gone_hosts", "verify_every"),
    *("import", "import_connections", "import_bandwidth", "import_min_age", "import_delete"),
)
OF_A_CREDENTIAL = ("access_key_id", "secret_access_key", "ams_email", "ams_password", "ams_jwt_token")
# The workflow sets the first, and decommission.yml, which no template runs, reads the others.
OF_NO_LAUNCH = ("rollback_since", "delete_bucket", "ignore_live_streams")


def test_each_variable_is_asked_for_or_there_is_a_reason_why_not() -> None:
    others = [f"s3_recording_{name}" for name in (*OF_THE_INVENTORY, *OF_A_CREDENTIAL, *OF_NO_LAUNCH)]
    asked = set[str]().union(*surveys())
    assert asked.isdisjoint([*others, *CONSENTS])
    assert {*asked, *others, *CONSENTS} == set(options_of("s3_recording"))


def test_every_question_that_may_be_added_can_be_asked() -> None:
    """Except for dictionaries, which AWX has no question for."""
    options = options_of("s3_recording")
    names = [*CONSENTS, *(f"s3_recording_{name}" for name in OF_THE_INVENTORY)]
    spec = recording_survey(options, [name for name in names if "dict" not in _kinds(options[name])])["spec"]
    assert len(spec) > len(OF_THE_INVENTORY)


def _kinds(option: dict[str, Any]) -> tuple[str, str]:
    return option["type"], option.get("elements", "")


def test_nobody_who_may_only_execute_consents_to_a_loss_of_recordings() -> None:
    assert [CONSENTS & asked for asked in surveys()] == [set()] * 8
    assert surveys(s3_recording_awx_survey=sorted(CONSENTS))[0] >= CONSENTS


def test_a_consent_that_storage_asks_for_can_be_allowed_in_awx() -> None:
    asks = re.compile(r"=true \(in the role (s3_recording_\w+)\)")
    sources = (REPO / "plugins" / "module_utils" / "_aws").glob("*.py")
    asked_for = {name for path in sources for name in asks.findall(path.read_text(encoding="utf-8"))}
    options = options_of("s3_recording")
    consents = sorted(name for name in asked_for if options[name]["type"] == "bool")
    assert len(CONSENTS & set(consents)) > 1
    asked = recording_survey(options, consents)["spec"]
    assert [each["choices"] for each in asked] == [["true", "false"]] * len(consents)


def test_true_false_or_empty_is_a_choice_and_is_taken_in_each_notation() -> None:
    """With choices of texts, ansible refused -e s3_recording_secure_transport_only=yes."""
    name = "s3_recording_secure_transport_only"
    options = options_of("s3_recording")
    (asked,) = recording_survey(options, [name])["spec"]
    assert (asked["type"], asked["choices"]) == ("multiplechoice", ["true", "false"])
    validator = ArgumentSpecValidator({name: options[name]})
    for given, meant in (("yes", True), ("Off", False), (True, True), (0, False), ("true", True), ("", None)):
        assert validator.validate({name: given}).error_messages == []
        assert intent_of({"secure_transport_only": given}, "h").secure_transport_only is meant
    with pytest.raises(IntentError) as refused:
        intent_of({"secure_transport_only": "maybe"}, "h")
    assert refused.value.problems == [f"{name}: must be true or false, not 'maybe'"]


# What may be left out, with a value that is given as it is and as a survey gives it.
EMPTY_OR = {
    "abort_uploads_days": (7, "7"),
    "ams_timeout": (2.5, "2.5"),
    "ams_validate_certs": (False, "false"),
    "path_style": (True, "true"),
    "secure_transport_only": (True, "true"),
    "versioning": (False, "false"),
}


@pytest.mark.parametrize("name", EMPTY_OR)
def test_null_and_an_empty_answer_of_a_survey_are_not_given(name: str) -> None:
    """A type bool or int refuses the empty string that AWX sends."""
    variable = f"s3_recording_{name}"
    options = options_of("s3_recording")
    assert options[variable]["default"] is None
    validator = ArgumentSpecValidator({variable: options[variable]})
    for given in (None, "", *EMPTY_OR[name]):
        assert validator.validate({variable: given}).error_messages == []
    assert [intent_of({"bucket": "b12", name: given}, "h") for given in (None, "")] == [
        intent_of({"bucket": "b12"}, "h")
    ] * 2


def refusals(name: str, value: Any) -> bool:
    """Return whether the role for AWX refuses a value of one of its secrets."""
    tasks = DataLoader().load_from_file(str(ROLES / "s3_recording_awx" / "tasks" / "main.yml"))
    (task,) = (each for each in tasks if each["name"].startswith("Refuse secrets"))
    assert name in task["loop"]
    return bool(of_role_for_awx(task["when"], **{name: value, "item": name})[0])


@pytest.mark.parametrize(
    ("value", "refused"),
    [
        (123456, True),
        (True, True),
        (datetime.date(2026, 1, 1), True),
        ("123456", False),
        ("", False),
        (None, False),
    ],
)
def test_a_secret_for_awx_is_text_or_not_given(value: Any, refused: bool) -> None:
    assert refusals("s3_recording_awx_ams_password", value) is refused


def test_an_encrypted_secret_for_awx_is_text() -> None:
    """ansible-core before 2.19 has a type of its own for it, which is no string."""
    vault = VaultLib([("default", VaultSecret(b"password"))])
    encrypted = AnsibleVaultEncryptedUnicode(vault.encrypt("hush"))
    assert not_text(encrypted) == ""
    if ansible_version.startswith(("2.17.", "2.18.")):
        encrypted.vault = vault
        assert refusals("s3_recording_awx_ams_password", encrypted) is False


@pytest.mark.parametrize("value", ["", None])
def test_a_credential_whose_variables_are_blank_is_not_given(value: Any) -> None:
    names = ("ams_email", "ams_jwt_token", "aws_access_key_id", "key_access_key_id")
    blank = {f"s3_recording_awx_{name}": value for name in names}
    (credentials,) = of_role_for_awx("__s3_recording_awx_credentials", **blank)
    assert [bool(each["given"]) for each in credentials] == [False] * 3
    given = {**blank, "s3_recording_awx_ams_jwt_token": "token"}
    (credentials,) = of_role_for_awx("__s3_recording_awx_credentials", **given)
    assert [bool(each["given"]) for each in credentials] == [True, False, False]
