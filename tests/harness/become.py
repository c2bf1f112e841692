# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A become plugin that runs a command as it is, for whatever user runs the tests."""

from __future__ import annotations

BECOME_NOBODY_ELSE = '''\
DOCUMENTATION = """
name: nobody_else
short_description: Runs the command as it is
description: For this collection's own tests.
options:
  become_user: {description: Not used.}
  become_exe: {description: Not used.}
  become_flags: {description: Not used.}
  become_pass: {description: Not used.}
"""
from ansible.plugins.become import BecomeBase


class BecomeModule(BecomeBase):
    name = "nobody_else"

    def build_become_command(self, cmd, shell):
        super().build_become_command(cmd, shell)
        return self._build_success_command(cmd, shell) if cmd else cmd
'''
