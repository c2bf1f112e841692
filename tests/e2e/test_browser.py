# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A browser on a page of a real server plays a recording that the server has sent it to the bucket for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from stand_ins.ansible_environment import REPO
from stand_ins.aws import AwsStandIn
from stand_ins.real_ams import RealAms
from stand_ins.real_ams import unavailable as no_real_ams
from stand_ins.waiting import wait_for
from tests.harness.browser import Browser, chromium, player_unavailable, unavailable, web_player

from .test_site_real import BUCKET, MP4_ALONE, RealSite

RECORDING = "browser"
# A picture without its pixels is all that a page gets of a video that CORS does not let it read.
PLAIN = f"""<!DOCTYPE html><title>Recording</title>
<video src="streams/{RECORDING}.mp4" crossorigin="anonymous" autoplay muted controls></video>
"""
EMBEDDED = f"""<!DOCTYPE html><title>Recording in Ant Media's player</title>
<div id="player"></div>
<script type="module">
import {{ WebPlayer }} from "./web_player/index.js";
window.player = new WebPlayer({{
  streamId: "{RECORDING}", playOrder: ["vod"], playType: ["mp4"], autoPlay: true, mute: true,
  httpBaseURL: location.origin + "/live/",
  videoHTMLContent: '<video id="video-player" class="video-js" crossorigin="anonymous" controls></video>',
}}, document.getElementById("player"), null);
window.player.initialize().then(() => window.player.play());
</script>
"""
VIDEO = "document.querySelector('#player video, video')"
PLAYS = f"return {VIDEO} && {VIDEO}.currentTime > 0.5 && {VIDEO}.videoWidth"
PIXELS = f"""
const video = {VIDEO}, canvas = document.createElement('canvas');
canvas.width = video.videoWidth; canvas.height = video.videoHeight;
canvas.getContext('2d').drawImage(video, 0, 0);
return new Set(canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data).size;
"""
FAILED = f"return {VIDEO} && {VIDEO}.error && {VIDEO}.error.code"

pytestmark = [
    pytest.mark.real_ams,
    pytest.mark.skipif(no_real_ams() is not None, reason=str(no_real_ams())),
    pytest.mark.skipif(unavailable() is not None, reason=str(unavailable())),
]
needs_player = pytest.mark.skipif(player_unavailable() is not None, reason=str(player_unavailable()))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealSite]:
    with AwsStandIn() as aws, RealAms() as ams:
        site = RealSite(
            aws,
            ams,
            tmp_path_factory.mktemp("inventory"),
            **MP4_ALONE,
        )
        site.run()
        ams.publish("live", RECORDING, 5)
        assert wait_for(lambda: f"streams/{RECORDING}.mp4" in site.keys()), ams.log_text()[-3000:]
        app = ams.app_dir("live")
        (app / "plain.html").write_text(PLAIN)
        if player_unavailable() is None:
            shutil.copytree(web_player(), app / "web_player")
            (app / "embedded.html").write_text(EMBEDDED)
        yield site


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def without_cors(site: RealSite) -> Iterator[None]:
    s3 = site.aws.client("s3")
    rules = s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"]
    s3.delete_bucket_cors(Bucket=BUCKET)
    yield
    s3.put_bucket_cors(Bucket=BUCKET, CORSConfiguration={"CORSRules": rules})


@pytest.mark.parametrize("page", ["plain", pytest.param("embedded", marks=needs_player)])
def test_a_recording_plays_from_the_bucket(site: RealSite, browser: Browser, page: str) -> None:
    site.aws.clear_requests()
    browser.open(f"{site.ams.http_url}/live/{page}.html")
    assert browser.wait_for(PLAYS) == 320
    # The colours of the test picture, which a video without CORS would not give out.
    assert browser.run(PIXELS) > 10
    asked = [each for each in site.aws.requests() if each["operation"] == "GetObject"]
    assert asked
    assert {each["access_key_id"] for each in asked} == {None}
    assert f"{RECORDING}.mp4" not in site.ams.files("live")
    browser.screenshot(REPO / "tests" / "output" / f"browser-{page}.png")


@pytest.mark.usefixtures("without_cors")
def test_without_the_cors_rule_a_page_cannot_play_it(site: RealSite, browser: Browser) -> None:
    browser.open(f"{site.ams.http_url}/live/plain.html")
    assert browser.wait_for(FAILED)
    assert any("blocked by CORS policy" in line for line in browser.console())


@needs_player
@pytest.mark.usefixtures("without_cors")
def test_without_the_cors_rule_the_player_does_not_find_it(site: RealSite, browser: Browser) -> None:
    browser.open(f"{site.ams.http_url}/live/embedded.html")
    said: list[str] = []

    def refused() -> bool:
        said.extend(browser.console())
        return any("blocked by CORS policy" in line for line in said)

    assert wait_for(refused), said
    assert not browser.run(PLAYS)
