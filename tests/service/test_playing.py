"""What plays, the artwork other players ask for, and votes."""

import math

import pytest
from coverloop.service.player import Song, plain, song_of
from coverloop.service.votes import Vote, report, strengths, votes_needed
from serving import picture, serving


@pytest.fixture(scope="module")
def service(place, comfyui):
    with serving(place, servers=(comfyui.url,)) as client:
        cover = client.give(picture(31), "?title=Caf%C3%A9&artist=Bj%C3%B6rk&album=Night+Drive")["id"]
        client.loops = [
            client.wait(client.ask(cover, parameters={"strength": strength}))["loop"] for strength in (0.2, 0.4)
        ]
        yield client


def listen(**song):
    return {"listen_type": "playing_now", "payload": [{"track_metadata": song}]}


def test_a_pushed_listen_shows_the_loop_of_what_plays(service):
    song = {"track_name": "cafe", "artist_name": "BJORK", "release_name": "Something else"}
    assert service("POST", "/1/submit-listens", listen(**song), Authorization="Token x").json() == {"status": "ok"}
    _, news = service.app.state.desk.board.since(0, ("now",))
    assert any(loop in news[0].text for loop in service.loops) and '"title":"cafe"' in news[0].text
    other = {"track_name": "Else", "artist_name": "Björk"}
    assert service("POST", "/1/submit-listens", listen(**other)).status == 200
    assert '"loop":null' in service.app.state.desk.board.since(0, ("now",))[1][0].text
    assert service("POST", "/1/submit-listens", listen(artist_name="x")).status == 400
    assert service("POST", "/1/submit-listens", {"listen_type": "single", "payload": []}).status == 422
    assert service("GET", "/1/validate-token").json()["valid"] is True


def test_another_player_gets_hls_or_nothing(service):
    found = service("GET", "/api/v1/artwork/search?artist=bj%C3%B6rk&album=night%20drive")
    assert found.headers["access-control-allow-origin"] == "*"
    url = found.json()["url"]
    assert url.startswith(service.url) and url.endswith(".m3u8")
    playlist = service("GET", url.removeprefix(service.url))
    assert playlist.body.startswith(b"#EXTM3U") and playlist.headers["access-control-allow-origin"] == "*"
    assert service("GET", "/api/v1/artwork/search?artist=bj%C3%B6rk&album=night").status == 404, "exact, or nothing"
    named_so = service("GET", "/api/v1/artwork/search?artist=bj%C3%B6rk&album=cafe")
    assert named_so.status == 404, "a song of another album has that name"


def test_listens_of_any_shape_are_read():
    assert song_of({"track_metadata": {"track_name": " A ", "artist_name": "B"}}) == Song("A", "B", "")
    assert song_of(None) == song_of({"track_metadata": 3}) == song_of({"track_metadata": {"track_name": 3}}) == Song()
    assert plain("Björk  ＡＢ") == plain("bjork ab") and plain("밤의 노래") == "밤의 노래"


def test_a_vote_is_blind_and_counts_once(service):
    body = service("GET", "/vote").body.decode()
    assert not any(loop in body for loop in service.loops)
    sealed = body.split('data-pair="')[1].split('"')[0]
    sides = [service("GET", f"/vote/{sealed}/{side}").body for side in ("left", "right")]
    assert sides[0] != sides[1]
    assert service("POST", "/api/v1/votes", {"pair": sealed, "choice": "left"}).status == 204
    assert service("POST", "/api/v1/votes", {"pair": sealed, "choice": "left"}).status == 204
    (vote,) = service.app.state.votes.all()
    chosen = vote.one if vote.choice == "one" else vote.other
    pair = service.app.state.votes.pair(sealed)
    assert chosen == pair.left and {vote.one, vote.other} == set(service.loops)
    assert "data-pair" not in service("GET", "/vote").body.decode(), "this voter has seen every pair"
    assert service("POST", "/api/v1/votes", {"pair": "nobody", "choice": "left"}).status == 404


def test_strengths_are_those_the_wins_were_drawn_from():
    wins = {("a", "b"): 0.75, ("b", "c"): 0.6, ("a", "c"): 9 / 11}  # log odds ln 3, ln 1.5, ln 4.5
    found = strengths([(*pair, 10_000.0, share) for pair, share in wins.items()])
    assert found["a"] - found["b"] == pytest.approx(math.log(3), abs=0.01)
    assert found["b"] - found["c"] == pytest.approx(math.log(1.5), abs=0.01)


@pytest.mark.parametrize(("share", "votes"), [(0.75, 35), (0.65, 92), (0.6, 210), (0.55, 800)])
def test_votes_needed_are_the_known_ones(share, votes):
    assert votes_needed(share) == pytest.approx(votes, rel=0.07) and votes_needed(1 - share) == votes_needed(share)


def test_the_report_tells_labels_and_the_judge_apart():
    votes = [
        Vote(f"c{cover}", f"x{cover}", f"y{cover}", "one" if (cover + voter) % 4 else "other", f"v{voter}")
        for cover in range(6)
        for voter in range(8)
    ] + [Vote("c0", "x0", "y0", "tie", "w"), Vote("c1", "x1", "y1", "bad", "w")]
    labels = {f"{letter}{cover}": letter for letter in "xy" for cover in range(6)}
    told = report(votes, labels, {key: label == "x" for key, label in labels.items()})
    assert (told["votes"], told["ties"], told["both_bad"]) == (50, 1, 1)
    low, high = told["strengths"]["x"]["from_to"]
    assert 0 < low < told["strengths"]["x"]["log"] < high
    assert told["judge"]["agree"] == pytest.approx(36.5 / 49) and told["judge"]["needed"] < 50
    assert report([], {}, {})["strengths"] == {}
