"""The store: nothing is lost at any instant, nothing is rendered twice, two processes do not tread on each other."""

import dataclasses
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
from coverloop.core.errors import UsageError
from coverloop.orchestrator.disk.files import copy_whole, sweep_parts
from coverloop.orchestrator.job.attempts import AttemptState
from coverloop.orchestrator.job.request import Job
from coverloop.orchestrator.store.entry import Claim, JobState
from coverloop.orchestrator.store.store import Store

JOB = Job("a" * 64, "tiny_v1", "b" * 64, (("size", 96),), (("comfyui", "0.3.75"),))


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "store") as store:
        yield store


@pytest.fixture
def files(tmp_path):
    made = [tmp_path / f"loop{end}" for end in (".mp4", ".jpg", ".json")]
    for number, path in enumerate(made):
        path.write_bytes(b"content" * (number + 1))
    return made


def finish(store, files, job=JOB):
    assert store.claim(job, "a.png") is Claim.OURS
    store.end(store.begin(job, "http://one"), AttemptState.DONE)
    return store.record(job.key, *files, passed=True, seconds=1.5)


def test_a_finished_job_is_found_and_not_claimed_again(store, files):
    entry = finish(store, files)
    assert store.finished(JOB.key) == entry and entry.passed and entry.seconds == 1.5
    assert entry.video.read_bytes() == files[0].read_bytes() and entry.video != files[0]
    assert store.claim(JOB, "a.png") is Claim.DONE
    assert store.claim(JOB, "a.png", force=True, anew=False) is Claim.DONE, "another process did it meanwhile"
    assert store.claim(JOB, "a.png", force=True) is Claim.OURS


@pytest.mark.parametrize("harm", [lambda path: path.unlink(), lambda path: path.write_bytes(b"short")])
def test_a_deliverable_that_is_not_whole_is_made_again(store, files, harm):
    entry = finish(store, files)
    harm(entry.poster)
    assert store.finished(JOB.key) is None and store.claim(JOB, "a.png") is Claim.OURS


def test_a_second_process_waits_while_the_first_lives_and_takes_over_when_it_is_killed(store, files):
    code = f"""
        import time
        from coverloop.orchestrator.job.request import Job
        from coverloop.orchestrator.store.store import Store
        store = Store({str(store.folder)!r} and __import__("pathlib").Path({str(store.folder)!r}))
        job = {JOB!r}
        print(store.claim(job, "a.png").value, store.begin(job, "http://one"), flush=True)
        time.sleep(100)
    """
    other = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    claim, prompt_id = other.stdout.readline().split()
    assert claim == "ours" and store.claim(JOB, "a.png") is Claim.BUSY and store.find(JOB.key).state == "running"
    os.kill(other.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    other.wait()
    other.stdout.close()
    assert store.find(JOB.key).state == "failed" and "ended before it was finished" in store.find(JOB.key).error
    assert store.claim(JOB, "a.png") is Claim.OURS
    (attempt,) = store.open_attempts(JOB.key)
    assert attempt.prompt_id == prompt_id == JOB.prompt_id(1) and attempt.server == "http://one"


def test_a_thread_of_our_own_has_to_wait_too(store):
    assert [store.claim(JOB, "a.png"), store.claim(JOB, "a.png")] == [Claim.OURS, Claim.BUSY]
    store.fail(JOB.key, "lost")
    assert store.claim(JOB, "a.png") is Claim.OURS


def test_every_submission_has_an_id_of_its_own_written_down(store):
    store.claim(JOB, "a.png")
    ids = [store.begin(JOB, "http://one"), store.begin(JOB, "http://two")]
    assert ids == [JOB.prompt_id(1), JOB.prompt_id(2)]
    store.end(ids[0], AttemptState.LOST, "restarted")
    assert [attempt.prompt_id for attempt in store.open_attempts(JOB.key)] == ids[1:]
    assert [attempt.state for attempt in store.attempts(JOB.key)] == ["lost", "sent"]


def test_poison_and_cancelled_stay_aside_until_retried(store):
    store.claim(JOB, "a.png")
    assert [store.count_kill(JOB.key), store.count_kill(JOB.key)] == [1, 2]
    store.fail(JOB.key, "killed the server", JobState.POISON)
    assert store.claim(JOB, "a.png") is Claim.POISON
    store.retry(JOB.key)
    assert store.claim(JOB, "a.png") is Claim.OURS and store.find(JOB.key).kills == 0
    assert store.cancel(JOB.key) and store.cancelled(JOB.key)
    store.fail(JOB.key, "interrupted")
    assert store.claim(JOB, "a.png") is Claim.CANCELLED, "a failure that follows the cancellation must not hide it"


def test_a_finished_job_cannot_be_cancelled(store, files):
    finish(store, files)
    assert not store.cancel(JOB.key) and store.finished(JOB.key)


def test_keys_may_be_shortened(store, files):
    finish(store, files)
    assert store.match(JOB.key[:6]).key == JOB.key
    with pytest.raises(UsageError, match="no job starts"):
        store.match("zz")
    finish(store, files, dataclasses.replace(JOB, workflow="other"))
    with pytest.raises(UsageError, match="2 jobs start"):
        store.match("")


def test_prune_forgets_the_old_and_keeps_what_is_named(store, files):
    finish(store, files)
    assert store.prune(older_than_days=1) == (0, 0)
    left = store.folder / "files" / "ab" / "left.mp4"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"x" * 10)
    assert store.prune(0) == (1, 10 + sum(path.stat().st_size for path in files))
    assert store.entries() == [] and list((store.folder / "files").glob("*/*")) == []


def test_a_cover_is_hashed_again_only_when_it_changed(store, tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    path.write_bytes(b"one")
    first = store.cover_hash(path)
    monkeypatch.setattr(type(path), "read_bytes", lambda self: pytest.fail("read again"))
    assert store.cover_hash(path) == first
    monkeypatch.undo()
    path.write_bytes(b"three")
    assert store.cover_hash(path) != first


def test_staging_of_the_dead_is_swept(store):
    dead = store.folder / "staging" / "0123-x"
    dead.mkdir()
    with store.staging() as mine, Store(store.folder) as other:
        assert mine.is_dir() and not dead.exists()
        other.close()


def test_a_store_that_cannot_be_is_told(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="set COVERLOOP_STORE"):
        Store(tmp_path / "file")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "jobs.sqlite3").write_bytes(b"not a database" * 100)
    with pytest.raises(UsageError, match="no store can be kept there"):
        Store(tmp_path / "bad")


def test_a_store_of_another_version_is_left_alone(tmp_path):
    with Store(tmp_path) as store:
        store._db.execute("PRAGMA user_version=99")
    with pytest.raises(UsageError, match="store of version 99, this coverloop reads 1"):
        Store(tmp_path)


def test_copies_appear_whole_or_not_at_all(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"new")
    (tmp_path / "b").write_bytes(b"old")
    copy_whole(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"new"

    def full(source, target):
        target.write_bytes(b"n")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    (tmp_path / "b").write_bytes(b"old")
    with pytest.raises(UsageError, match=r"No space left on device\); free space"):
        copy_whole(tmp_path / "a", tmp_path / "b")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"] and (tmp_path / "b").read_bytes() == b"old"


def test_three_thousand_lookups_take_no_time(store, files):
    entry = finish(store, files)
    began = time.process_time()
    for _ in range(3000):
        assert store.finished(JOB.key) == entry
    assert time.process_time() - began < 4


def test_parts_of_killed_processes_are_swept_and_those_of_living_ones_stay(tmp_path):
    code = """
        import sys, time, pathlib
        from coverloop.orchestrator.disk.files import part_name
        (pathlib.Path(sys.argv[1]) / part_name("a.mp4")).write_bytes(b"x")
        (pathlib.Path(sys.argv[1]) / part_name("folder")).mkdir()
        print("ready", flush=True)
        time.sleep(100)
    """
    words = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    other = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    assert other.stdout.readline() == "ready\n"
    (tmp_path / ".mine.part").write_bytes(b"not ours")
    sweep_parts(tmp_path)
    assert len(list(tmp_path.iterdir())) == 3
    other.kill()
    other.wait()
    other.stdout.close()
    sweep_parts(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".mine.part"]
