# Copyright (c) antmedia.s3_recording contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal: all of this may change in any release. Only the controller needs it, so no module imports it.

_intent    from the role's variables to one plan for the whole fleet
_steps     from the plan to the arguments of a step on one server, in the worker
_actions   how actions run a module's code in the worker that Ansible has forked
_read      all servers of a play in one task, and which of them are verified
_plan      what is desired against what was read, and which runs can be rolled back
_display   lines as a worker displays them
_output    what a run says at its end
"""
