"""The pages in a real browser, at the size of a phone and of a desk."""

import base64
import io
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import av
import psutil
import pytest
from coverloop.orchestrator.job import manifest
from coverloop.orchestrator.server.embedded import free_port
from coverloop.service import places
from coverloop.service.words import LANGUAGES, words_of
from played import Played, local
from serving import picture, serving, serving_process
from tiny import write_workflows

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
SIZES = {"phone": (390, 844), "desk": (1280, 900)}


@pytest.fixture(scope="module")
def played():
    server = Played()
    server.find_all()
    yield server
    server.close()


@pytest.fixture(scope="module")
def service(place, comfyui, played):
    with serving(place, servers=(comfyui.url,), sources=played.sources(), fetcher=local()) as client:
        cover = client.give(picture(46), "?title=Owls&artist=Player")["id"]
        jobs = [client.ask(cover, parameters={"strength": strength}) for strength in (0.2, 0.4, 0.6)]
        client.loops = [client.wait(job)["loop"] for job in jobs]
        yield client


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM:
        pytest.skip("chromium is not installed: the pages were not opened (apt install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(params=SIZES)
def page(request, browser):
    """A page that fails the test when its script does, or when its policy was broken."""
    width, height = SIZES[request.param]
    page = browser.new_page(viewport={"width": width, "height": height}, locale="en-US")
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda line: line.type == "error" and page.complaints.append(line.text))
    page.kind = request.param
    yield page
    page.close()
    assert page.complaints == []


def shot(page, name: str) -> None:
    """A screenshot for people, where COVERLOOP_SHOTS names a folder."""
    if folder := os.environ.get("COVERLOOP_SHOTS"):
        page.screenshot(path=Path(folder) / f"{name}-{page.kind}.png")


def until(page, what: str, seconds: float = 30) -> None:
    """Wait for an expression; asked again and again from here, since the page's own policy forbids it to evaluate."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(what):
        assert time.monotonic() < deadline, what
        page.wait_for_timeout(50)


def fits(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def drop(page, data: bytes) -> None:
    """A file let go over the page."""
    carried = page.evaluate_handle(
        """text => {
            const carried = new DataTransfer(), bytes = Uint8Array.from(atob(text), sign => sign.charCodeAt(0));
            carried.items.add(new File([bytes], "x.png", {type: "image/png"}));
            return carried;
        }""",
        base64.b64encode(data).decode(),
    )
    for event in ("dragover", "drop"):
        page.dispatch_event("#drop", event, {"dataTransfer": carried})


def find(page, words: str) -> None:
    page.fill("#query", words)
    page.press("#query", "Enter")


def test_a_cover_is_found_or_dropped_made_reloaded_and_watched(service, page):
    page.goto(service.url)
    assert fits(page)
    shot(page, "home")
    if page.kind == "phone":
        find(page, "night drive")
        page.wait_for_selector("#finds li >> nth=3")
        until(page, "[...document.querySelectorAll('#finds img')].every(one => one.naturalWidth)")
        assert fits(page)
        shot(page, "finds")
        page.click("#finds button:has-text('deezer')")
        name = "The Makers – Night Drive"
    else:
        drop(page, picture(42, 520))
        name = "The Makers – Song 42"
    page.wait_for_selector("#wish:not([hidden])")
    page.click("summary >> nth=0")
    if page.kind == "desk":
        page.fill("input[name='size']", "800")
        page.fill("input[name='cover.title']", "Song 42")
        page.fill("input[name='cover.artist']", "The Makers")
    assert fits(page)
    shot(page, "wish")
    renderer = service.app.state.desk.overseer.pid
    os.kill(renderer, signal.SIGSTOP)  # so that the page is loaded again while the job waits
    try:
        page.click("#wish .main")
        page.wait_for_selector(f".jobs li:has-text('{name}') progress")
        page.reload()
        page.wait_for_selector(f".jobs li:has-text('{name}') progress")
        shot(page, "waits")
    finally:
        os.kill(renderer, signal.SIGCONT)
    page.wait_for_selector(f".jobs li:has-text('{name}') a", timeout=60_000)
    shot(page, "done")
    page.click(f".jobs li:has-text('{name}') a")
    until(page, "document.querySelector('video').currentTime > 0")
    assert page.title() == name and fits(page)
    box, stage = (page.locator(one).bounding_box() for one in ("#video", "#stage"))
    assert (box["height"], box["width"]) == (stage["height"], stage["width"]), "all of the loop is seen"
    shot(page, "loop")
    page.keyboard.press(" ")
    until(page, "document.querySelector('video').paused")
    page.goto(service.url)
    page.wait_for_selector(f".jobs li:has-text('{name}')")
    cover = page.locator(f".jobs li:has-text('{name}') img").get_attribute("src").rpartition("/")[2]
    assert service("PUT", f"/api/v1/covers/{cover}", {"title": f"{name.rpartition(' – ')[2]} II"}).status == 200
    page.wait_for_selector(f".jobs li:has-text('{name} II')")
    page.goto(f"{service.url}/gallery?artist=The+Makers")
    assert page.locator(f".loops li:has-text('{name.rpartition(' – ')[2]}')").count() == 1 and fits(page)
    shot(page, "gallery")


def test_reduced_motion_keeps_it_still(service, browser):
    page = browser.new_page(reduced_motion="reduce")
    page.goto(f"{service.url}/loop/{service.loops[0]}")
    page.wait_for_timeout(500)
    assert page.evaluate("document.querySelector('video').paused")
    page.click("#play")
    until(page, "!document.querySelector('video').paused")  # by hand it plays
    page.close()


def test_what_plays_is_shown_and_faded_in(service, page):
    assert service("POST", "/1/submit-listens", listen("Nobody's")).status == 200
    page.goto(f"{service.url}/now")
    until(page, "document.querySelector('#title').textContent == \"Nobody's\"")
    assert page.locator("video.shown").count() == 0
    assert service("POST", "/1/submit-listens", listen("Owls")).status == 200
    page.wait_for_selector("video.shown")
    until(page, "document.querySelector('#title').textContent == 'Owls'")
    until(page, "getComputedStyle(document.querySelector('video.shown')).opacity == 1")
    shot(page, "now")


def listen(title: str) -> dict:
    song = {"track_name": title, "artist_name": "Player"}
    return {"listen_type": "playing_now", "payload": [{"track_metadata": song}]}


def test_a_vote_is_cast(service, page):
    page.goto(f"{service.url}/vote")
    before = len(service.app.state.votes.all())
    assert page.locator("#pair video").count() == 2 and fits(page)
    shot(page, "vote")
    with page.expect_navigation():
        page.click("[data-choice=tie]")
    assert len(service.app.state.votes.all()) == before + 1


def test_pages_come_in_both_languages(service, browser):
    assert set(LANGUAGES) == {"en", "ko"} and set(words_of("en")) == set(words_of("ko"))
    korean = browser.new_page(locale="ko-KR")
    korean.goto(service.url)
    assert korean.locator("html").get_attribute("lang") == "ko" and "찾기" in korean.content()
    korean.click(".language")
    assert korean.locator("html").get_attribute("lang") == "en"
    korean.goto(f"{service.url}/gallery")
    assert korean.locator("html").get_attribute("lang") == "en", "the choice stays"
    korean.close()


def test_a_loop_is_written_for_a_place_when_asked(service, browser):
    loop = service.loops[0]
    page = browser.new_page()
    page.goto(f"{service.url}/loop/{loop}")
    page.click("#places summary")
    gif = page.locator("#places li:has-text('GIF')")
    gif.get_by_role("button").click()
    gif.get_by_role("link").wait_for(timeout=60_000)
    with page.expect_download() as told:
        gif.get_by_role("link").click()
    assert told.value.suggested_filename == "Player – Owls (web.gif).gif"
    assert Path(told.value.path()).read_bytes().startswith(b"GIF89a")
    assert complaints_of_axe(page) == []
    page.close()
    assert service("GET", f"/loop/{loop}/for/canvas").status == 404, "nobody asked for it"
    assert service("POST", f"/api/v1/loops/{loop}/places/nowhere").status == 404


def test_another_player_gets_a_tall_one_once_it_is_made(service, monkeypatch):
    """The export itself, which takes ten seconds for this format, is the same as above."""
    asked = []

    def export(loop, id, folder):
        asked.append(id)
        folder.mkdir()
        shutil.copy(loop.entry.video, folder / "x.mp4")
        (folder / "told.json").write_text('{"file": "x.mp4", "problems": [], "notes": []}')

    monkeypatch.setattr(places, "_export", export)
    ask = "/api/v1/artwork/search?artist=player&album=owls"
    assert service("GET", ask).json()["tall"] is None and asked == []
    deadline = time.monotonic() + 20
    while (tall := service("GET", f"{ask}&tall=true").json()["tall"]) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert service("GET", ask).json()["tall"] == tall and asked == ["now-playing.tall"]
    playlist = service("GET", tall.removeprefix(service.url))
    assert playlist.headers["access-control-allow-origin"] == "*"
    (media,) = {line for line in playlist.body.decode().splitlines() if not line.startswith("#")}
    film = service("GET", tall.removeprefix(service.url).rpartition("/")[0] + f"/{media}").body
    with av.open(io.BytesIO(film)) as opened:
        assert sum(1 for _ in opened.decode(video=0)) == 4


def complaints_of_axe(page) -> list:
    page.evaluate((Path(sys.prefix) / "weights" / "axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    return [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(service, browser, scheme):
    if not (Path(sys.prefix) / "weights" / "axe.min.js").exists():
        pytest.skip("axe-core is not there: accessibility was not looked at (make .venv/.ready)")
    page = browser.new_page(color_scheme=scheme)
    page.goto(service.url)
    find(page, "night drive")
    page.wait_for_selector("#finds li")
    assert complaints_of_axe(page) == [], "what was found"
    page.click("#finds button >> nth=0")
    page.wait_for_selector("#wish:not([hidden])")
    page.click("summary >> nth=0")
    assert complaints_of_axe(page) == [], "the wish"
    for path in ("/gallery", f"/loop/{service.loops[0]}", "/now", "/vote", "/login"):
        page.goto(service.url + path)
        assert complaints_of_axe(page) == [], path
    page.close()


def test_a_source_that_gives_no_answer_is_told_and_the_others_are_shown(service, played, browser):
    page = browser.new_page()
    page.goto(service.url)
    played.shape("/itunes", "itunes_403", 403)
    played.shape("/mb", "musicbrainz_503", 503)
    find(page, "drive at night")
    page.wait_for_selector("#finds button:has-text('deezer')")
    told = page.text_content("#notice")
    assert "iTunes: wants to be left alone" in told and "MusicBrainz: wants to be left alone" in told
    played.shape("/deezer", "deezer_quota")
    find(page, "another")
    page.wait_for_selector("#notice:has-text('Quota limit exceeded')")
    assert page.locator("#finds li").count() == 0
    for _ in range(20):
        service("GET", "/api/v1/search?q=another")
    find(page, "too much")
    page.wait_for_selector("#notice:has-text('too many calls; try again in')")
    page.close()


@pytest.fixture
def slow(tmp_path, monkeypatch):
    """The small workflow takes about a second."""
    folder = write_workflows(tmp_path / "slow", slow=2000)
    monkeypatch.setenv("COVERLOOP_WORKFLOWS", str(folder))
    monkeypatch.setattr(manifest, "FOLDER", folder)


def test_killed_in_the_middle_it_goes_on_where_it_was(slow, comfyui, browser, tmp_path):
    """The page stays open meanwhile, and is told."""
    port = free_port()
    page = browser.new_page()
    with serving_process(tmp_path / "store", port, "--server", comfyui.url) as (child, client):
        page.goto(client.url)
        jobs = [client.ask(client.give(picture(20 + number))["id"]) for number in range(2)]
        client.wait(jobs[0], ("running", "done"))
        child.kill()
        child.wait()
        page.wait_for_selector("#notice:has-text('gives no answer')")
    with serving_process(tmp_path / "store", port, "--server", comfyui.url) as (child, client):
        done = [client.wait(job) for job in jobs]
        page.wait_for_selector(".jobs li:nth-child(2) a")
        until(page, "document.getElementById('notice').textContent == ''")
    page.close()
    assert len({job["loop"] for job in done}) == 2


def test_its_own_comfyui_killed_in_the_middle_is_started_again(slow, tmp_path):
    with serving_process(tmp_path / "store", free_port()) as (child, client):
        job = client.ask(client.give(picture(24))["id"])
        client.wait(job, ("running",), 120)
        comfyui = [one for one in psutil.Process(child.pid).children(True) if "main.py" in " ".join(one.cmdline())]
        assert comfyui
        for one in comfyui:
            one.kill()
        done = client.wait(job, seconds=120)
        assert client("GET", f"/loop/{done['loop']}/video.mp4").status == 200
