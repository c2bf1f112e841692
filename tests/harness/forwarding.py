# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Paths that a server forwards with a value of httpForwardingExtension: for our rules and for servers."""

from __future__ import annotations

# The value, and which of mp4, webm and m3u8 it forwards.
FORWARDED: list[tuple[str | None, set[str]]] = [
    ("mp4", {"mp4"}),
    ("mp4,m3u8", {"mp4", "m3u8"}),
    ("mp4, webm", {"mp4"}),
    (" mp4,m3u8", {"m3u8"}),
    ("MP4", set()),
    ("Mp4,webm", {"webm"}),
    (".mp4", {"mp4"}),
    ("..mp4", set()),
    ("*.mp4", set()),
    ("4", {"mp4"}),
    ("mp4,", {"mp4"}),
    ("mp4;m3u8", set()),
    (",webm", {"mp4", "webm", "m3u8"}),
    ("mp4,,webm", {"mp4", "webm", "m3u8"}),
    (",", set()),
    (" ", set()),
    ("", set()),
    (None, set()),
]
