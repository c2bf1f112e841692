# Copyright (c) antmedia.s3_recording contributors
# Simplified BSD License (see LICENSES/BSD-2-Clause.txt or https://opensource.org/licenses/BSD-2-Clause)
# SPDX-License-Identifier: BSD-2-Clause
"""Key stores that are services of AWS: SSM Parameter Store and Secrets Manager."""

from __future__ import annotations

from typing import Any, ClassVar, Optional

from ..._common.errors import AwsError
from .. import kms
from ..calls import call_aws, client
from ..module import AwsModule
from .base import Content, KeyStore

_NOT_THERE = "ResourceNotFoundException"
_NOT_CURRENT_YET = "ANSIBLE_NOT_CURRENT_YET"


class _StoreInAws(KeyStore):
    """A key store that encrypts with a key of AWS KMS."""

    ARGUMENTS: ClassVar[dict[str, dict[str, Any]]] = {"kms_key_id": {"type": "str"}}
    SERVICE: ClassVar[str]

    def __init__(self, module: AwsModule, stored_at: str, description: str) -> None:
        super().__init__(module, stored_at, description)
        self.client = client(module, self.SERVICE)
        self.key_id = str(module.params.get("kms_key_id") or "")

    def prepare(self, check_mode: bool) -> None:
        del check_mode
        if self.key_id:
            kms.refuse_unusable(self.module, self.key_id)


class SsmStore(_StoreInAws):
    """A SecureString of the Parameter Store of AWS Systems Manager."""

    SERVICE = "ssm"

    @property
    def where(self) -> str:
        return f"SSM parameter {self.stored_at}"

    def read(self) -> Optional[Content]:
        return self._read(self.stored_at)

    def _read(self, name: str) -> Optional[Content]:
        answer = call_aws(
            f"Reading {self.where}",
            self.client.get_parameter,
            needs="ssm:GetParameter (and kms:Decrypt with the parameter's key)",
            none_on=("ParameterNotFound", "ParameterVersionNotFound"),
            Name=name,
            WithDecryption=True,
        )
        if answer is None:
            return None
        parameter = answer["Parameter"]
        if parameter["Type"] != "SecureString":
            raise AwsError(
                f"Reading {self.where}",
                f"it is a {parameter['Type']}, which is not encrypted, and AWS does not change the type",
                "Choose another stored_at, or delete the parameter yourself",
            )
        return Content(parameter["Value"], parameter["Version"])

    def create(self, text: str) -> bool:
        answer = self._put(text, overwrite=False, none_on=("ParameterAlreadyExists",))
        if answer is not None:
            return True
        # The answer to a first attempt may have been lost on its way.
        found = self.read()
        return found is not None and found.text == text

    def replace(self, text: str, before: Content) -> bool:
        """AWS knows no condition for this, so what was read is read again, just before the write.

        The version that AWS gives to what was written shows whether something came between even so.
        """
        current = self.read()
        if current is None or current.text != before.text:
            return False
        written = int(self._put(text, overwrite=True)["Version"])
        if written == current.version + 1:
            return True
        between = self._read(f"{self.stored_at}:{written - 1}")
        # It is the previous text if another run came between and has restored it.
        if between is None or between.text in (text, before.text):
            return True
        self._put(between.text, overwrite=True)
        return False

    def delete(self) -> None:
        call_aws(
            f"Deleting {self.where}",
            self.client.delete_parameter,
            needs="ssm:DeleteParameter",
            none_on=("ParameterNotFound",),
            Name=self.stored_at,
        )

    def _put(self, text: str, *, overwrite: bool, none_on: tuple[str, ...] = ()) -> Any:
        return call_aws(
            f"Writing {self.where}",
            self.client.put_parameter,
            needs="ssm:PutParameter (and kms:Encrypt with kms_key_id)",
            none_on=none_on,
            Name=self.stored_at,
            Value=text,
            Type="SecureString",
            Description=self.description,
            Overwrite=overwrite,
            **({"KeyId": self.key_id} if self.key_id else {}),
        )


class SecretsManagerStore(_StoreInAws):
    """A secret of AWS Secrets Manager."""

    SERVICE = "secretsmanager"

    @property
    def where(self) -> str:
        return f"secret {self.stored_at} of Secrets Manager"

    def read(self) -> Optional[Content]:
        answer = call_aws(
            f"Reading {self.where}",
            self.client.get_secret_value,
            needs="secretsmanager:GetSecretValue (and kms:Decrypt with the secret's key)",
            none_on=(_NOT_THERE,),
            SecretId=self.stored_at,
            VersionStage="AWSCURRENT",
        )
        # A secret of bytes is not ours.
        return None if answer is None else Content(answer.get("SecretString", ""), answer["VersionId"])

    def create(self, text: str) -> bool:
        # A retry of botocore has the same token, so that AWS treats it as the same request.
        answer = call_aws(
            f"Making {self.where}",
            self.client.create_secret,
            needs="secretsmanager:CreateSecret (and kms:GenerateDataKey, kms:Decrypt with kms_key_id)",
            none_on=("ResourceExistsException",),
            # A secret that was deleted a moment ago keeps its name for some seconds.
            retry_on=("InvalidRequestException",),
            Name=self.stored_at,
            SecretString=text,
            Description=self.description,
            **({"KmsKeyId": self.key_id} if self.key_id else {}),
        )
        return answer is not None

    def replace(self, text: str, before: Content) -> bool:
        """AWS moves the label of the current version only from the version that is said to have it."""
        written = call_aws(
            f"Writing {self.where}",
            self.client.put_secret_value,
            needs="secretsmanager:PutSecretValue (and kms:GenerateDataKey with the secret's key)",
            none_on=(_NOT_THERE,),
            SecretId=self.stored_at,
            SecretString=text,
            VersionStages=[_NOT_CURRENT_YET],
        )
        if written is None:
            return False
        moved = call_aws(
            f"Writing {self.where}",
            self.client.update_secret_version_stage,
            needs="secretsmanager:UpdateSecretVersionStage",
            none_on=("InvalidParameterException", _NOT_THERE),
            SecretId=self.stored_at,
            VersionStage="AWSCURRENT",
            MoveToVersionId=written["VersionId"],
            RemoveFromVersionId=before.version,
        )
        if moved is not None:
            return True
        # The answer to a first attempt may have been lost on its way.
        found = self.read()
        return found is not None and found.version == written["VersionId"]

    def delete(self) -> None:
        # What it held was deleted in IAM: there is nothing to recover, and the name may be used again.
        call_aws(
            f"Deleting {self.where}",
            self.client.delete_secret,
            needs="secretsmanager:DeleteSecret",
            none_on=(_NOT_THERE,),
            SecretId=self.stored_at,
            ForceDeleteWithoutRecovery=True,
        )
