# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stand-ins and files of a run as a set-up has left them, for each test to begin with."""

from __future__ import annotations

import shutil
from pathlib import Path

from stand_ins.ams import Fleet
from stand_ins.aws import AwsStandIn


class SavedSite:
    """The state at the end of a set-up. folder: where its runs have put files, by a path they are given."""

    def __init__(self, aws: AwsStandIn, fleet: Fleet, folder: Path) -> None:
        self.aws, self.fleet, self._folder = aws, fleet, folder
        self._aws_state, self._fleet_state = aws.save(), fleet.save()

    def restore(self, folder: Path) -> None:
        """Set the stand-ins back, and copy the files to the folder of a test."""
        self.aws.restore(self._aws_state)
        self.fleet.restore(self._fleet_state)
        shutil.copytree(self._folder, folder, dirs_exist_ok=True)
