"""Sources of covers, played by a local server that speaks their recorded shapes; and where may be fetched from."""

import json
import time
from urllib.parse import urlsplit

import numpy as np
import pytest
from coverloop.core.errors import CoverError
from coverloop.service.concerns import concerns_about
from coverloop.service.fetch import Fetcher, FetchError, is_public
from coverloop.service.search import Pace, Search
from coverloop.service.sources.itunes import ITunes
from coverloop.service.sources.source import SourceError, sources
from coverloop.service.tables import open_tables
from coverloop.service.youtube import NoVideos, YouTube
from played import Played, at, local
from serving import picture, serving


@pytest.fixture
def played():
    server = Played()
    yield server
    server.close()


@pytest.fixture
def search(played, tmp_path):
    made = Search(open_tables(tmp_path), played.sources(), local())
    yield made
    made.close()


def test_three_sources_are_asked_and_answer_in_turn(search, played):
    played.shape("/itunes", "itunes")
    played.shape("/deezer", "deezer")
    played.shape("/mb", "musicbrainz")
    played.shape("/caa/11111111-1111-4111-8111-111111111111", "coverart")
    finds, troubles = search.find("Night  DRIVE")
    assert troubles == [] and [find.source for find in finds[:3]] == ["itunes", "deezer", "musicbrainz"]
    one = finds[0]
    assert one.artwork.endswith("/1500x1500bb.jpg") and one.preview and one.link
    assert len([find for find in finds if find.source == "itunes"]) == 2, "songs of one album are one cover"
    archived = next(find for find in finds if find.source == "musicbrainz")
    assert archived.artwork == f"{played.url}/pictures/1200.jpg" and archived.concern == ""
    assert all("coverloop/" in headers["User-Agent"] for _, _, headers in played.calls)


def test_what_was_asked_is_not_asked_again_nor_are_misses(search, played):
    played.shape("/itunes", "itunes_none")
    played.shape("/deezer", "deezer")
    played.shape("/mb", "musicbrainz_none")
    first, second = search.find("night drive"), search.find(" Night drive ")
    assert first == second and len(played.calls) == 3


def test_a_source_that_refuses_is_left_alone_and_the_others_answer(search, played):
    played.shape("/itunes", "itunes_403", 403)
    played.shape("/deezer", "deezer")
    played.shape("/mb", "musicbrainz_503", 503)
    finds, troubles = search.find("night drive")
    assert {find.source for find in finds} == {"deezer"}
    assert {trouble.source for trouble in troubles} == {"iTunes", "MusicBrainz"}
    search.find("another song")
    assert len([call for call in played.calls if call[0] in ("/itunes", "/mb")]) == 2, "they are not asked again yet"


def test_an_error_in_a_good_answer_is_an_error(search, played):
    played.shape("/itunes", "itunes_none")
    played.shape("/deezer", "deezer_quota")
    played.shape("/mb", "musicbrainz_none")
    finds, troubles = search.find("night drive")
    assert finds == [] and [(one.source, one.why) for one in troubles] == [("Deezer", "answered: Quota limit exceeded")]
    played.shape("/deezer", "deezer")
    search._away.clear()
    assert search.find("night drive")[0], "an error is no miss"


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"results": 3, "data": {}, "releases": null}', b"<html>", b'{"results":[1,{}]}']
)
def test_an_answer_in_another_shape_is_told_and_does_no_harm(search, played, body):
    for path in ("/itunes", "/deezer", "/mb"):
        played.answers[path] = (200, {}, body)
    finds, troubles = search.find("night drive")
    assert finds == [] and len(troubles) >= 2


def test_types_of_the_archive_tell_what_is_no_cover(search, played):
    played.shape("/itunes", "itunes_none")
    played.shape("/deezer", "deezer_none")
    played.shape("/mb", "musicbrainz")
    played.shape("/caa/11111111-1111-4111-8111-111111111111", "coverart_raw")
    (find,), _ = search.find("night drive")
    assert find.concern == "raw"


def test_an_address_that_was_found_is_fetched_and_no_other(search, played):
    played.shape("/itunes", "itunes")
    search.find("night drive")
    find = search.found("itunes", "1440833000")
    played.answers[urlsplit(find.artwork).path] = (200, {"Content-Type": "image/png"}, picture(1))
    assert search.picture(find) == picture(1)
    assert search.found("itunes", "1") is None
    with pytest.raises(CoverError, match="not on the list"):
        search.picture(find.__class__(**{**vars(find), "artwork": "http://127.0.0.1:1/x.png"}))


def test_pace():
    pace = Pace(2, 0.3, patience=0.2)
    began = time.monotonic()
    pace.take(), pace.take()
    with pytest.raises(SourceError, match="as often as it allows"):
        pace.take()
    time.sleep(0.2)
    pace.take()
    assert time.monotonic() - began >= 0.3


def test_every_source_says_what_it_is_and_fetches_from_named_hosts():
    assert set(sources()) == {"itunes", "deezer", "musicbrainz"}
    for source in sources().values():
        assert source.terms and source.title and source.hosts and source.calls / source.seconds <= 10
        assert all(place.startswith("https://") for place in (*source.pictures, *source.sounds))


# videos


@pytest.fixture
def youtube(played, tmp_path):
    made = YouTube("k3y", open_tables(tmp_path), local())
    made.url, made.hosts = f"{played.url}/youtube", {played.host}
    return made


def test_a_video_is_found_by_key_and_asked_for_once(youtube, played):
    played.shape("/youtube", "youtube")
    found = youtube.find("The Makers – Night Drive")
    assert (
        found
        == [("AbCdEfGhI_1", "The Makers - Night Drive", "The Makers")]
        == youtube.find("the makers –  night drive")
    )
    ((_, query, _),) = played.calls
    assert query["key"] == ["k3y"] and query["videoEmbeddable"] == ["true"] and query["type"] == ["video"]


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (403, None, "as often as its key allows"),
        (400, b'{"error": {"errors": [{"reason": "keyInvalid"}]}}', "check YOUTUBE_API_KEY"),
        (500, b"<html>", "answered with 500"),
        (200, b"[]", "another shape"),
        (200, b"<html>", "something else than JSON"),
    ],
)
def test_why_no_video_is_found_is_told_without_the_key(youtube, played, status, body, says):
    played.shape("/youtube", "youtube_quota", status)
    if body is not None:
        played.answers["/youtube"] = (status, {}, body)
    with pytest.raises(NoVideos, match=says) as told:
        youtube.find("night drive")
    assert "k3y" not in str(told.value)


def test_without_a_key_nobody_is_asked(played, tmp_path):
    assert not YouTube("", open_tables(tmp_path), local())


# where may be fetched from


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "::1",
        "fc00::1",
        "fe80::1",
        "::ffff:127.0.0.1",
        "100.64.0.1",
        "224.0.0.1",
    ],
)
def test_private_addresses_are_no_places_to_fetch_from(address):
    assert not is_public(address)


def test_public_addresses_are():
    assert is_public("17.253.144.10") and is_public("2620:149:af0::10")


def test_a_listed_name_at_a_private_address_is_not_connected_to(played):
    with pytest.raises(FetchError, match="private network"):
        Fetcher(schemes=("http",)).get(f"{played.url}/x", {played.host})
    assert played.calls == []


@pytest.mark.parametrize(
    "url",
    [
        "http://itunes.apple.com/",
        "https://itunes.apple.com.evil.example/",
        "https://evil.example/",
        "https://me@itunes.apple.com/",
        "https://itunes.apple.com:8443/",
        "https://apple.com/",
        "file:///etc/passwd",
        "https://127.0.0.1/",
    ],
)
def test_what_is_not_on_the_list_is_not_fetched(url):
    with pytest.raises(FetchError, match="not on the list"):
        Fetcher().get(url, {"itunes.apple.com", ".mzstatic.com"})


@pytest.mark.parametrize(
    "target", ["http://127.0.0.1:1/x", "http://10.0.0.1/", "file:///etc/passwd", "//evil.example/", "http://[bad/"]
)
def test_a_redirect_is_checked_as_the_first_address_was(played, target):
    played.answers["/go"] = (302, {"Location": target}, b"")
    with pytest.raises(FetchError):
        local().get(f"{played.url}/go", {played.host})


def test_redirects_end(played):
    played.answers["/go"] = (302, {"Location": "/go"}, b"")
    with pytest.raises(FetchError, match="redirects more than"):
        local().get(f"{played.url}/go", {played.host})
    played.answers["/one"] = (302, {"Location": "/two"}, b"")
    played.answers["/two"] = (200, {}, b"here")
    assert local().get(f"{played.url}/one", {played.host}).body == b"here"


def test_what_is_too_large_is_cut_off(played):
    played.answers["/large"] = (200, {}, bytes(50_000))
    with pytest.raises(FetchError, match="more than 10000"):
        local().get(f"{played.url}/large", {played.host}, limit=10_000)


# what is no cover


def disc() -> np.ndarray:
    y, x = np.mgrid[0:600, 0:600] - 299.5
    radius, angle = np.hypot(x, y), np.arctan2(y, x)
    image = np.full((600, 600, 3), 240.0)
    image[radius < 280] = (120 + 50 * np.cos(4 * angle[radius < 280]))[:, None]
    image[radius < 40] = 235
    return image.astype(np.uint8)


def noisy(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)


@pytest.mark.parametrize(
    ("image", "names"),
    [
        (noisy(600, 600), []),
        (noisy(300, 300), ["small"]),
        (noisy(600, 900), ["shape"]),
        (np.full((600, 600, 3), 200, np.uint8), ["placeholder"]),
        (disc(), ["disc"]),
        (np.concatenate([noisy(580, 600), np.full((20, 600, 3), 250, np.uint8)]), ["margin"]),
        (np.pad(noisy(560, 560), ((20, 20), (20, 20), (0, 0)), constant_values=250), []),
    ],
)
def test_what_is_no_cover_is_told_apart(image, names):
    assert concerns_about(image) == names


def test_found_taken_and_made_over_the_api(place, played):
    played.shape("/itunes", "itunes")
    source = at(ITunes(f"{played.url}/itunes"), played)
    with serving(place, servers=("http://127.0.0.1:9",), sources=[source], fetcher=local()) as client:
        found = client("GET", "/api/v1/search?q=night+drive").json()
        assert found["problems"] == [] and "artwork" not in found["finds"][0]
        find = client.app.state.search.found("itunes", found["finds"][0]["id"])
        played.answers[urlsplit(find.artwork).path] = (200, {}, picture(1))
        chosen = {"source": "itunes", "id": found["finds"][0]["id"]}
        cover = client("POST", "/api/v1/covers/found", chosen).json()
        assert (cover["title"], cover["artist"]) == ("Night Drive", "The Makers") and cover["concerns"] == ["small"]
        assert client("POST", "/api/v1/covers/found", {"source": "itunes", "id": "5"}).status == 404
        stray = {"source": "itunes", "id": chosen["id"], "url": "http://127.0.0.1/"}
        assert client("POST", "/api/v1/covers/found", stray).json()["id"] == cover["id"], "no address is taken"
        assert json.loads(client("GET", "/api/v1/openapi.json").body)["paths"]["/api/v1/search"]
