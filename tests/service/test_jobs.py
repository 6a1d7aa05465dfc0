"""A picture becomes a loop, over the API: events, cancelling, what is there already, and what survives a kill."""

import contextlib
import http.client
import io
import itertools
import json
from urllib.parse import urlsplit

import pytest
from PIL import Image
from serving import Client, picture, serving
from test_house import ROOT


@pytest.fixture(scope="module")
def service(place, comfyui):
    with serving(place, servers=(comfyui.url,)) as client:
        yield client


def test_a_picture_becomes_a_loop_with_its_files(service):
    cover = service.give(picture(1), "?title=Night&artist=Someone")
    assert (cover["width"], cover["title"], cover["loops"]) == (96, "Night", [])
    job = service.wait(service.ask(cover["id"]))
    made = service("GET", f"/api/v1/loops/{job['loop']}").json()
    assert (made["title"], made["artist"], made["parameters"]["size"]) == ("Night", "Someone", 64)
    video = service("GET", made["files"]["video"])
    assert video.headers["content-type"] == "video/mp4" and video.body[4:8] == b"ftyp"
    part = service("GET", made["files"]["video"], Range="bytes=10-19")
    assert part.status == 206 and part.body == video.body[10:20]
    again = service("GET", made["files"]["video"], If_None_Match=video.headers["etag"])
    assert again.status == 304 and not again.body
    with Image.open(io.BytesIO(service("GET", made["files"]["poster"]).body)) as poster:
        assert poster.size == (64, 64)
    playlist = service("GET", made["files"]["hls"])
    names = [line for line in playlist.body.decode().splitlines() if not line.startswith("#")]
    assert names and all(service("GET", f"/loop/{job['loop']}/hls/{name}").status == 200 for name in names)
    assert service("GET", made["files"]["plot"]).body.startswith(b"\x89PNG")


def test_the_same_picture_in_another_file_is_answered_at_once(service):
    cover = service.give(picture(2))
    job = service.wait(service.ask(cover["id"]))
    again = service.give(picture(2, kind="WEBP", lossless=True))
    assert again["id"] == cover["id"] and again["loops"] == [job["loop"]]
    answer = service("POST", "/api/v1/jobs", {"cover": again["id"]})
    assert answer.status == 200 and answer.json()["loop"] == job["loop"]
    other = service("POST", "/api/v1/jobs", {"cover": again["id"], "parameters": {"strength": 0.3}})
    assert other.status == 202, "another wish is another loop"


def test_a_picture_that_looks_the_same_is_asked_about_and_another_is_not(service):
    def cover(side: int, kind: str, **save) -> bytes:
        out = io.BytesIO()
        with Image.open(ROOT / "assets" / "cover.png") as whole:
            whole.convert("RGB").resize((side, side)).save(out, kind, **save)
        return out.getvalue()

    job = service.wait(service.ask(service.give(cover(300, "PNG"), "?title=Sea")["id"]))
    smaller = service.give(cover(220, "JPEG", quality=70))
    assert [(one["loop"], one["title"]) for one in smaller["alike"]] == [(job["loop"], "Sea")]
    assert smaller["loops"] == [], "nobody has said yet that it is the same"
    assert service.give(picture(4, side=220))["alike"] == []


def test_a_key_gives_the_same_job_and_not_another_wish(service):
    cover = service.give(picture(5))["id"]
    one = service("POST", "/api/v1/jobs", {"cover": cover}, Idempotency_Key="a").json()
    other = service("POST", "/api/v1/jobs", {"cover": cover}, Idempotency_Key="a").json()
    assert one["id"] == other["id"]
    wrong = service("POST", "/api/v1/jobs", {"cover": cover, "parameters": {"size": 128}}, Idempotency_Key="a")
    assert wrong.status == 409 and "use a new one" in wrong.json()["error"]


@pytest.mark.parametrize(
    ("wish", "status", "says"),
    [
        ({"cover": "0" * 64}, 404, "no such cover"),
        ({"cover": "../../etc"}, 422, "cover"),
        ({"parameters": {"size": 7}}, 422, "size"),
        ({"parameters": {"colour": 1}}, 422, "no parameter colour"),
        ({"workflow": "nobody"}, 422, "unknown workflow"),
        ({"colour": 1}, 422, "colour"),
    ],
)
def test_a_wrong_wish_is_told_in_one_line(service, wish, status, says):
    cover = service.give(picture(6))["id"]
    answer = service("POST", "/api/v1/jobs", {"cover": cover, **wish})
    assert answer.status == status and says in answer.json()["error"] and "\n" not in answer.json()["error"]


def events(client: Client, path: str):
    """Events of a stream as (kind, state), until it is closed."""
    connection = http.client.HTTPConnection(urlsplit(client.url).netloc, timeout=30)
    connection.request("GET", path, headers=client.headers)
    answer = connection.getresponse()
    assert answer.status == 200
    kind = ""
    with contextlib.closing(connection):
        while line := answer.readline():
            if line.startswith(b"event: "):
                kind = line[7:].strip().decode()
            elif line.startswith(b"data: "):
                yield kind, json.loads(line[6:])


def test_events_begin_with_how_things_stand_and_end_with_the_loop(service):
    cover = service.give(picture(7))["id"]
    job = service.ask(cover)
    seen = []
    for kind, state in events(service, f"/api/v1/jobs/{job['id']}/events"):
        seen.append((kind, state.get("state")))
        if kind == "job" and state["state"] == "done":
            break
    assert {"queue", "status"} <= {kind for kind, _ in seen}
    late = events(service, "/api/v1/events")
    assert any((kind, state.get("id")) == ("job", job["id"]) for kind, state in itertools.islice(late, 20))


def test_what_waits_is_cancelled_and_no_one_elses(service, place, comfyui):
    held = service.app.state.desk
    cover = service.give(picture(8))["id"]
    job = held.requests.ask("somebody", cover, "foreign_v1", {}, 9)  # its nodes are nowhere: it waits
    answer = service("POST", f"/api/v1/jobs/{job.ticket}/cancel")
    assert answer.json()["state"] == "cancelled"
    assert service("POST", "/api/v1/jobs/nobody/cancel").status == 404


def test_deleting_takes_the_files_and_the_row(service, place):
    job = service.wait(service.ask(service.give(picture(9))["id"]))
    entry = service.app.state.desk.store.find(job["loop"])
    assert service("DELETE", f"/api/v1/loops/{job['loop']}").status == 204
    assert not entry.video.exists() and not entry.sidecar.exists()
    assert service("GET", f"/api/v1/loops/{job['loop']}").status == 404
    assert service("GET", f"/api/v1/jobs/{job['id']}").status == 404


def test_every_client_has_its_turn(place):
    from coverloop.service.requests import Requests
    from coverloop.service.tables import open_tables

    requests = Requests(open_tables(place / "fair"))
    for number in range(3):
        requests.ask("a", f"a{number}", "w", {}, 9)
    assert requests.take("w").cover == "a0"
    requests.ask("b", "b0", "w", {}, 9)
    requests.ask("b", "b1", "w", {}, 9)
    assert [requests.take("w").cover for _ in range(4)] == ["b0", "a1", "b1", "a2"]
    requests.resume()
    assert [one.cover for one in requests.order()] == ["a0", "b0", "a1", "b1", "a2"]
