"""What may reach the service, and what may not."""

import io
import socket
import zlib

import pytest
from coverloop.core.errors import CoverError
from coverloop.orchestrator.cli.main import main
from coverloop.service.covers import check_bounds
from coverloop.service.desk import public
from coverloop.service.guard import session_of
from coverloop.service.rates import Rates, client_name
from coverloop.service.settings import Limits
from PIL import Image
from serving import Client, picture, serving

SECRET = "a-secret-nobody-guesses"
LIMITS = Limits(
    upload_bytes=40_000,
    waiting=2,
    rates={
        "call": (6000.0, 400.0),
        "upload": (60.0, 12.0),
        "search": (60.0, 2.0),
        "job": (600.0, 30.0),
        "login": (60.0, 2.0),
    },
)


@pytest.fixture(scope="module")
def locked(place):
    """A service that asks for a token; its ComfyUI is away."""
    with serving(place, servers=("http://127.0.0.1:9",), token=SECRET, limits=LIMITS) as client:
        yield client


@pytest.fixture(scope="module")
def keyed(locked):
    client = Client(locked.url, {"Authorization": f"Bearer {SECRET}"})
    client.app = locked.app
    return client


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "path", ["/api/v1/jobs", "/gallery", "/api/v1/events", "/api/v1/openapi.json", "/cover/" + "0" * 64]
)
def test_nothing_is_told_without_the_token(locked, method, path):
    assert locked(method, path).status == 401
    assert locked(method, path, Authorization="Bearer wrong").status == 401
    assert locked(method, path, Cookie="coverloop=wrong").status == 401


def test_a_browser_is_led_to_the_door_and_let_in_by_a_cookie(locked):
    answer = locked("GET", "/gallery", Accept="text/html")
    assert (answer.status, answer.headers["location"]) == (303, "/login")
    assert locked("POST", "/login", b"token=wrong").status == 401
    answer = locked("POST", "/login", f"token={SECRET}".encode())
    cookie = answer.headers["set-cookie"]
    assert answer.status == 303 and SECRET not in cookie and "HttpOnly" in cookie and "SameSite=lax" in cookie
    assert answer.headers["cache-control"] == "no-store"
    assert locked("GET", "/gallery", Cookie=cookie.split(";")[0]).status == 200
    assert locked("POST", "/login", b"token=wrong").status == 429, "guessing is slow"


def test_another_address_than_loopback_needs_a_token_or_a_word(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("COVERLOOP_STORE", str(tmp_path))
    assert main(["serve", "--host", "0.0.0.0", "--port", "0"]) == 2
    assert "--token" in capsys.readouterr().err


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_a_page_of_another_site_cannot_ask(locked, keyed, headers):
    cookie = {"Cookie": "coverloop=" + session_of(SECRET)}
    answer = locked("POST", "/api/v1/jobs", {"cover": "0" * 64}, **cookie, **headers)
    assert answer.status == 403 and "another site" in answer.json()["error"]
    assert locked("GET", "/gallery", **cookie, **headers).status == 200, "reading changes nothing"
    own = {"Origin": locked.url, "Sec_Fetch_Site": "same-origin"}
    assert locked("POST", "/api/v1/jobs", {"cover": "0" * 64}, **cookie, **own).status == 404


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8600", "localhost.evil.example", "127.0.0.1.evil.example", ""]
)
def test_a_rebound_name_is_not_answered(keyed, host):
    assert keyed("GET", "/gallery", Host=host).status == 421


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8600", "127.0.0.1:1", "[::1]:8600", "10.0.0.7", socket.gethostname()]
)
def test_its_own_names_are(keyed, host):
    assert keyed("GET", "/gallery", Host=host).status == 200


def test_every_answer_has_the_headers_and_none_names_the_software(keyed):
    for path in ("/", "/login", "/static/page.js", "/api/v1/jobs/none", "/nowhere", "/api/v1/covers"):
        headers = keyed("GET", path).headers
        assert "script-src 'self'" in headers["content-security-policy"], path
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
        assert "access-control-allow-origin" not in headers and "server" not in headers


def test_only_players_may_read_across_sites(keyed):
    answer = keyed("GET", "/api/v1/artwork/search?artist=a&album=b", Origin="https://player.example")
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/loop/../jobs", "/loop/%2e%2e%2fjobs", "/static/../app.py", "/static/%2e%2e/app.py"])
def test_no_path_of_a_url_leads_out(keyed, path):
    assert keyed("GET", path).status in (404, 422)


@pytest.mark.parametrize("name", ["..%2f..%2fservice.sqlite3", "video.mp4%00", "../../covers", "sidecar.exe"])
def test_no_file_of_a_loop_is_named_by_the_client(keyed, name):
    assert keyed("GET", f"/loop/{'0' * 64}/{name}").status in (404, 422)
    assert keyed("GET", f"/loop/{'0' * 64}/hls/{name}").status in (404, 422)


def test_an_upload_is_bounded_before_it_is_read(keyed):
    answer = keyed("POST", "/api/v1/covers", bytes(50_000))
    assert answer.status == 413 and "40000" in answer.json()["error"]
    assert keyed("POST", "/api/v1/jobs", bytes(70_000)).status == 413


def test_an_upload_that_lies_about_its_length_is_cut(keyed):
    """Chunks of unannounced length; the service ends it where the limit is."""
    host, port = keyed.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as line:
        head = f"POST /api/v1/covers HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {SECRET}\r\n"
        line.sendall((head + "Transfer-Encoding: chunked\r\n\r\n").encode())
        for _ in range(5):
            line.sendall(b"2710\r\n" + bytes(10_000) + b"\r\n")
        assert b" 413 " in line.recv(4096).split(b"\r\n")[0]


def bomb(width: int, height: int) -> bytes:
    """A PNG that says it has so many pixels and holds none."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")

    header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b""))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (bomb(60_000, 60_000), "megapixels"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no picture that is taken"),
        (b"", "no picture that is taken"),
        (b"GIF89a" + bytes(100), "no picture that is taken"),
        (picture(1)[:300], "damaged"),
    ],
)
def test_what_is_no_picture_is_refused_undecoded(keyed, monkeypatch, data, says):
    decoded = []
    if says != "damaged":
        monkeypatch.setattr("coverloop.service.covers.decode_cover", lambda *_: decoded.append(1))
    answer = keyed("POST", "/api/v1/covers", data)
    assert answer.status == 422 and says in answer.json()["error"] and not decoded
    assert not list((keyed.app.state.desk.settings.folder / "covers").glob(".*"))


def test_types_are_those_that_are_named():
    for kind in ("JPEG", "PNG", "WEBP"):
        assert check_bounds(picture(1, kind=kind), Limits()).startswith(".")
    out = io.BytesIO()
    Image.new("RGB", (64, 64)).save(out, "TIFF")
    with pytest.raises(CoverError, match="JPEG, PNG, WebP or AVIF"):
        check_bounds(out.getvalue(), Limits())


def test_one_client_has_so_many_jobs_waiting_and_no_more(keyed):
    covers = [keyed.give(picture(number))["id"] for number in range(3)]
    answers = [keyed("POST", "/api/v1/jobs", {"cover": cover}) for cover in covers]
    assert [answer.status for answer in answers] == [202, 202, 429]
    assert "2 jobs of yours wait" in answers[2].json()["error"]
    for answer in answers[:2]:
        assert keyed("POST", f"/api/v1/jobs/{answer.json()['id']}/cancel").status == 200


def test_too_many_calls_are_told_when_to_come_again():
    clock = [0.0]
    rates = Rates({"call": (60.0, 3.0)}, lambda: clock[0])
    assert [rates.wait("a", "call") for _ in range(3)] == [0.0, 0.0, 0.0]
    assert rates.wait("a", "call") == pytest.approx(1.0) and rates.wait("b", "call") == 0.0
    clock[0] = 1.0
    assert rates.wait("a", "call") == 0.0


def test_uploads_are_counted(keyed):
    answers = [keyed("POST", "/api/v1/covers", b"x") for _ in range(14)]
    assert answers[-1].status == 429 and int(answers[-1].headers["retry-after"]) >= 1


def test_a_house_is_one_client():
    assert client_name("2001:db8:1:2:3::4") == client_name("2001:db8:1:2:ffff::1") != client_name("2001:db8:1:3::1")
    assert client_name("::ffff:10.0.0.1") == "10.0.0.1"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("http://me:pass@gpu:8188: the job failed", "http://gpu:8188: the job failed"),
        ("/home/me/store/service/covers/ab.png: is damaged", "ab.png: is damaged"),
        ("C:\\Users\\me\\loop.mp4: cannot be written", "loop.mp4: cannot be written"),
        ("size=7: must be 64..4096; 3/4 of it", "size=7: must be 64..4096; 3/4 of it"),
    ],
)
def test_errors_name_no_login_and_no_folder(error, told, tmp_path):
    assert public(error, tmp_path) == told


def test_an_error_nobody_foresaw_tells_nothing(keyed, monkeypatch):
    def fail(*_):
        raise RuntimeError("a word of C:/secret/x")

    monkeypatch.setattr(keyed.app.state.desk.covers, "find", fail)
    answer = keyed("GET", "/cover/" + "0" * 64)
    assert answer.status == 500 and b"secret" not in answer.body and b"Runtime" not in answer.body


def test_pages_and_logs_hold_no_secret(keyed, caplog):
    for path in ("/", "/gallery", "/login", "/now", "/api/v1/openapi.json"):
        assert SECRET.encode() not in keyed("GET", path).body, path
    assert SECRET not in caplog.text
