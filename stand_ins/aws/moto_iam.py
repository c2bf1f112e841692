# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""moto's IAM, with tags that follow their user, and permissions boundaries of users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from moto.iam.models import IAMBackend

from . import moto_state as state

if TYPE_CHECKING:
    from .call import Call

_update_user, _delete_user = IAMBackend.update_user, IAMBackend.delete_user


def adapt_moto() -> None:
    """Move tags with a user. moto keeps them by ARN: a renamed user loses them, a new one gets old ones."""

    def update_user(self: Any, user_name: str, *arguments: Any, **options: Any) -> None:
        user = self.users.get(user_name)
        previous = user.arn if user else ""
        _update_user(self, user_name, *arguments, **options)
        if user.arn != previous:
            self.tagger.copy_tags(previous, user.arn)
            self.tagger.delete_all_tags_for_resource(previous)

    def delete_user(self: Any, user_name: str) -> None:
        user = self.users.get(user_name)
        _delete_user(self, user_name)
        self.tagger.delete_all_tags_for_resource(user.arn)

    state.replace(IAMBackend, "update_user", update_user)
    state.replace(IAMBackend, "delete_user", delete_user)


def note_boundary(call: Call, status: int) -> None:
    """Set the boundary of a new user, which moto leaves out."""
    boundary = str(call.params.get("PermissionsBoundary", ""))
    user = state.find_user(str(call.params.get("UserName", "")), call.partition)
    if call.operation == "CreateUser" and status < 300 and boundary and user:
        state.set_boundary(user, boundary)
