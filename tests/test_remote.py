"""The download path, against a server on this machine that misbehaves in every known way."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from mmtutor.datasets import _download, _registry, remote

UPSTREAM, COMMIT = "someone/something", "0123abcd"
BODIES = {
    f"folder {k}/file-{k}.bin": np.random.default_rng(k).bytes(150_000 + k) for k in range(20)
}


class Server:
    """Serves BODIES; `rules` maps a path to a list of behaviours, one a request ("ok" after)."""

    def __init__(self) -> None:
        self.rules: dict[str, list[str]] = {}
        self.requests: list[tuple[str, str | None]] = []
        self.open_now = self.most_open = 0
        self.lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *args) -> None:
                pass

            def do_GET(self) -> None:
                with server.lock:
                    server.open_now += 1
                    server.most_open = max(server.most_open, server.open_now)
                try:
                    server.answer(self)
                finally:
                    with server.lock:
                        server.open_now -= 1

        class Threading(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64  # with 5, a ninth connection waits a second

        self.http = Threading(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()

    def answer(self, handler) -> None:
        prefix = f"/{UPSTREAM}/{COMMIT}/"
        assert handler.path.startswith(prefix), handler.path
        path = handler.path.removeprefix(prefix).replace("%20", " ")
        asked = handler.headers.get("Range")
        with self.lock:
            self.requests.append((path, asked))
            plan = self.rules.get(path, [])
            what = plan.pop(0) if len(plan) > 1 else (plan[0] if plan else "ok")
        body = BODIES[path]
        if what.isdigit():
            handler.send_error(int(what))
            return
        if what == "wrong":
            body = bytes(len(body))
        if what == "login":
            body = b"<html>" * 100_000
        start = 0
        if asked and what not in ("no-range", "wrong", "login"):
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            handler.send_response(206)
            shown = 7 if what == "wrong-range" else start
            handler.send_header("Content-Range", f"bytes {shown}-{len(body) - 1}/{len(body)}")
        else:
            handler.send_response(200)
        send = body[start:]
        if what == "short":  # the length fits the body, the body does not fit the registry
            send = send[: len(send) // 2]
        handler.send_header("Content-Length", str(len(send)))
        handler.end_headers()
        if what in ("gone", "no-range-gone"):  # a whole length is promised, half is sent
            handler.wfile.write(send[: len(send) // 2])
            handler.wfile.flush()
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        handler.wfile.write(send)


@pytest.fixture
def server(tmp_path, monkeypatch):
    table = tmp_path / "registry.csv"
    lines = ["dataset,upstream,commit,path,bytes,sha256,licence"]
    lines += [
        f"toy,{UPSTREAM},{COMMIT},{path},{len(body)},{hashlib.sha256(body).hexdigest()},CC0-1.0"
        for path, body in BODIES.items()
    ]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.setattr(_registry, "bundled_path", lambda name: table)
    monkeypatch.setattr(
        _registry, "DATASETS", {"toy": remote.Dataset("CC0-1.0", "Nobody", "noise")}
    )
    monkeypatch.setattr(_download, "_BACKOFF", 0.01)
    monkeypatch.setattr(_registry, "_verified", None)
    monkeypatch.setenv("MMTUTOR_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("MMTUTOR_CACHE", str(tmp_path / "cache"))
    server = Server()
    monkeypatch.setenv("MMTUTOR_DATA_URL", server.url + "/")
    yield server
    server.close()


FIRST = next(iter(BODIES))


def place(path: str = FIRST) -> Path:
    return remote.data_folder() / "toy" / path


def fetch() -> Path:
    return remote.fetch_files("toy", progress=False)


def assert_whole(paths=BODIES) -> None:
    for path in paths:
        assert place(path).read_bytes() == BODIES[path], path


def requested(server: Server, path: str = FIRST) -> list[str | None]:
    return [asked for name, asked in server.requests if name == path]


def test_all_files_arrive_and_nothing_else_stays(server):
    folder = fetch()
    assert folder == remote.data_folder() / "toy"
    assert_whole()
    left = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert left == set(BODIES)
    assert not list((remote.data_folder() / ".partial").iterdir())
    assert 1 < server.most_open <= _download.N_PARALLEL
    assert remote.is_available("toy")


def test_what_is_there_is_not_downloaded_again(server):
    fetch()
    place().write_bytes(b"short")  # one file of another size
    other = list(BODIES)[1]
    place(other).write_bytes(bytes(len(BODIES[other])))  # one of the same size, other content
    server.requests.clear()
    fetch()
    assert sorted(path for path, _ in server.requests) == sorted([FIRST, other])
    assert_whole()
    server.requests.clear()
    fetch()
    assert server.requests == []


def test_a_complete_folder_is_never_written_to(server):
    fetch()
    for folder in [remote.data_folder(), *remote.data_folder().rglob("*")]:
        folder.chmod(0o555 if folder.is_dir() else 0o444)
    before = {p: p.stat().st_mtime_ns for p in remote.data_folder().rglob("*")}
    _registry._verified = None
    assert remote.is_available("toy")
    fetch()
    assert (remote.verify()["state"] == "ok").all()
    assert {p: p.stat().st_mtime_ns for p in remote.data_folder().rglob("*")} == before
    for folder in [remote.data_folder(), *remote.data_folder().rglob("*")]:
        folder.chmod(0o755)


def test_files_are_hashed_once_and_the_notes_outlive_the_process(server, monkeypatch):
    fetch()
    _registry._verified = None  # a new process
    hashed = []
    true_hash = _registry._sha256
    monkeypatch.setattr(_registry, "_sha256", lambda path: hashed.append(path) or true_hash(path))
    fetch()
    assert hashed == []
    os.utime(place(), ns=(1, 1))  # touched: no longer trusted
    fetch()
    assert hashed == [place()]


def test_unreadable_notes_cost_only_time(server):
    fetch()
    for notes in ("{", "[1, 2]", '"text"'):
        (remote.cache_folder() / "verified.json").write_text(notes)
        _registry._verified = None
        assert remote.is_available("toy")


def test_notes_are_not_believed_for_a_changed_file(server):
    fetch()
    place().write_bytes(bytes(len(BODIES[FIRST])))
    assert not remote.is_available("toy")


def test_cache_folder_that_cannot_be_written_is_no_obstacle(server, monkeypatch, tmp_path):
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("MMTUTOR_CACHE", str(tmp_path / "a file" / "cache"))
    fetch()
    assert_whole()


@pytest.mark.parametrize("fault", ["gone", "short", "503", "429"])
def test_a_passing_fault_is_overcome(server, fault):
    server.rules[FIRST] = [fault, "ok"]
    fetch()
    assert_whole()


@pytest.mark.parametrize("fault", ["gone", "short"])
def test_an_interrupted_file_is_continued_where_it_stopped(server, fault):
    server.rules[FIRST] = [fault, "ok"]
    fetch()
    first, second = requested(server)
    assert first is None
    start = int(second.removeprefix("bytes=").removesuffix("-"))
    half = len(BODIES[FIRST]) // 2
    assert half - _download._BLOCK <= start <= half  # the block that was broken off comes again


def test_a_later_call_continues_an_interrupted_file(server):
    server.rules[FIRST] = ["gone", "503"]
    with pytest.raises(remote.DataNotAvailable, match="busy or down"):
        fetch()
    assert not place().exists()
    arrived = _download._part_of(_registry.files_of("toy")[0]).read_bytes()
    assert len(arrived) > 10_000
    assert BODIES[FIRST].startswith(arrived)
    server.rules.clear()
    server.requests.clear()
    fetch()
    assert requested(server) == [f"bytes={len(arrived)}-"]
    assert_whole()


def test_a_server_without_ranges_starts_anew(server):
    server.rules[FIRST] = ["gone", "no-range"]
    fetch()
    assert len(requested(server)) == 2
    assert_whole()


def test_an_answer_with_another_range_is_not_joined(server):
    server.rules[FIRST] = ["gone", "wrong-range", "ok"]
    fetch()
    assert_whole()


def test_a_damaged_part_is_thrown_away(server):
    part = _download._part_of(_registry.files_of("toy")[0])
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 1000)
    fetch()
    assert requested(server) == ["bytes=1000-", None]
    assert_whole()


def test_a_part_longer_than_the_file_is_thrown_away(server):
    part = _download._part_of(_registry.files_of("toy")[0])
    part.parent.mkdir(parents=True)
    part.write_bytes(b"x" * 10**6)
    fetch()
    assert_whole()


def test_the_part_of_a_killed_process_is_taken_over_but_not_a_living_ones(server):
    file = _registry.files_of("toy")[0]
    part = _download._part_of(file)
    part.parent.mkdir(parents=True)
    old, fresh = part.with_name(part.name + ".1-1"), part.with_name(part.name + ".2-2")
    old.write_bytes(BODIES[FIRST][:500])
    os.utime(old, (1, 1))
    fresh.write_bytes(BODIES[FIRST][:300])
    fetch()
    assert requested(server) == ["bytes=500-"]
    assert not old.exists()
    assert fresh.read_bytes() == BODIES[FIRST][:300]
    assert_whole()


def test_two_fetches_at_the_same_time_do_not_disturb_each_other(server):
    server.rules[FIRST] = ["gone", "ok"]
    failures = []

    def work() -> None:
        try:
            fetch()
        except Exception as error:
            failures.append(error)

    both = [threading.Thread(target=work) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert failures == []
    assert_whole()
    assert not list((remote.data_folder() / ".partial").iterdir())


def test_404_says_that_the_file_is_gone(server):
    server.rules[FIRST] = ["404"]
    with pytest.raises(remote.DataNotAvailable, match=r"does not exist .404.*MMTUTOR_DATA_URL"):
        fetch()
    assert not place().exists()
    assert len(requested(server)) == 1


def test_another_refusal_is_named(server):
    server.rules[FIRST] = ["403"]
    with pytest.raises(remote.DataNotAvailable, match="answered 403"):
        fetch()


def test_wrong_content_of_the_right_size_is_refused(server):
    server.rules[FIRST] = ["wrong"]
    with pytest.raises(remote.DataNotAvailable, match="its sha256 is not; a proxy"):
        fetch()
    assert not place().exists()
    assert not remote.is_available("toy")
    server.rules.clear()
    fetch()
    assert_whole()


def test_a_login_page_is_refused_before_it_fills_the_disk(server):
    server.rules[FIRST] = ["login"]
    with pytest.raises(remote.DataNotAvailable, match="more than the registered 150,000 bytes"):
        fetch()
    assert not place().exists()
    server.rules.clear()
    fetch()
    assert_whole()


def test_a_body_truncated_again_and_again_is_put_together(server):
    server.rules[FIRST] = ["short"] * 10 + ["ok"]  # each brings half of what is still wanting
    fetch()
    assert_whole()
    assert len(requested(server)) == 11
    assert [p.name for p in place().parent.iterdir()] == [place().name]


def test_an_empty_answer_is_refused_after_some_attempts(server, monkeypatch):
    monkeypatch.setitem(BODIES, FIRST, b"")  # the server has lost it; the registry has not
    with pytest.raises(remote.DataNotAvailable, match="truncated answer"):
        fetch()
    assert len(requested(server)) == _download._ATTEMPTS
    assert not place().exists()


def test_server_gone_half_way_keeps_what_arrived(server):
    last = list(BODIES)[-1]
    server.rules[last] = ["no-range-gone"]
    with pytest.raises(remote.DataNotAvailable, match=r"broke off half-way.*files arrived"):
        fetch()
    arrived = [path for path in BODIES if place(path).exists()]
    assert arrived
    assert last not in arrived
    assert_whole(arrived)
    server.rules.clear()
    server.requests.clear()
    fetch()
    assert not set(arrived) & {path for path, _ in server.requests}
    assert_whole()


def test_no_network_says_so_and_soon(server):
    server.close()
    with pytest.raises(remote.DataNotAvailable, match=r"cannot be reached.*MMTUTOR_DATA"):
        fetch()


def test_disk_full_is_named_and_nothing_half_stays(server, monkeypatch):
    def full(self, blocks, part, file, url):
        next(iter(blocks))
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(_download._Transfer, "_append", full)
        with pytest.raises(remote.DataNotAvailable, match=r"disk of .* is full; make room"):
            fetch()
    assert not any(place(path).exists() for path in BODIES)
    fetch()
    assert_whole()


def test_too_little_room_is_said_before_anything_is_sent(server, monkeypatch):
    usage = type("Usage", (), {"free": 1_000_000})()
    monkeypatch.setattr(_download.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(remote.DataNotAvailable, match=r"needs 3 MB but .* has only 1 MB"):
        fetch()
    assert server.requests == []


def test_a_folder_that_cannot_be_written_is_named(server, monkeypatch, tmp_path):
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("MMTUTOR_DATA", str(tmp_path / "a file" / "data"))
    with pytest.raises(remote.DataNotAvailable, match=r"cannot write to .*; set MMTUTOR_DATA"):
        fetch()
    assert server.requests == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_a_read_only_folder_is_named(server):
    remote.data_folder().mkdir()
    remote.data_folder().chmod(0o555)
    with pytest.raises(remote.DataNotAvailable, match="Permission denied"):
        fetch()


def test_download_if_missing_false_asks_nothing_of_the_network(server):
    with pytest.raises(remote.DataNotAvailable, match=r"20 of 20 files .*mmtutor data fetch toy"):
        remote.fetch_files("toy", download_if_missing=False)
    assert server.requests == []
    fetch()
    server.requests.clear()
    assert remote.fetch_files("toy", download_if_missing=False) == remote.data_folder() / "toy"
    assert server.requests == []


def test_a_whole_status_and_verify(server):
    assert list(remote.status()["state"]) == ["absent"]
    assert set(remote.verify("toy")["state"]) == {"missing"}
    fetch()
    [row] = remote.status().to_dict("records")
    assert row["state"] == "present"
    assert row["files"] == 20
    assert row["MB"] == 3.0
    assert row["where"] == str(remote.data_folder() / "toy")
    place().unlink()
    assert list(remote.status()["state"]) == ["partial"]
    place().write_bytes(BODIES[FIRST][:-1])
    other = list(BODIES)[1]
    place(other).write_bytes(bytes(len(BODIES[other])))
    table = remote.verify().set_index("path")["state"]
    assert table[FIRST] == "wrong size"
    assert table[other] == "wrong hash"
    assert (table == "ok").sum() == 18


def test_the_progress_bar_counts_every_byte_once(server, monkeypatch):
    import tqdm

    bars = []

    class Bar(tqdm.tqdm):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **(kwargs | {"disable": False, "file": open(os.devnull, "w")}))  # noqa: SIM115, PTH123
            bars.append(self)

    monkeypatch.setattr(tqdm, "tqdm", Bar)
    server.rules[FIRST] = ["gone", "no-range"]
    server.rules[list(BODIES)[1]] = ["gone", "ok"]
    remote.fetch_files("toy", progress=True)
    [bar] = bars
    assert bar.n == bar.total == sum(map(len, BODIES.values()))


def test_unknown_dataset_is_named(server):
    for call in (remote.fetch_files, remote.is_available, remote.verify):
        with pytest.raises(ValueError, match="unknown dataset 'nothing'; the registry has toy"):
            call("nothing")


def test_a_registry_cannot_name_a_path_outside(tmp_path):
    table = tmp_path / "registry.csv"
    table.write_text(
        "dataset,upstream,commit,path,bytes,sha256,licence\ntoy,a/b,c,../x,1,00,CC0-1.0\n"
    )
    with pytest.raises(ValueError, match="outside its dataset"):
        _registry._read_registry(table)


def test_the_real_registry_is_sound():
    table = remote.registry()
    assert set(table["dataset"]) == set(remote.DATASETS)
    assert table["sha256"].str.fullmatch("[0-9a-f]{64}").all()
    assert table["commit"].str.fullmatch("[0-9a-f]{40}").all()
    assert not table.duplicated(["dataset", "path"]).any()
    licences = table.groupby("dataset")["licence"].unique().to_dict()
    assert {name: list(each) for name, each in licences.items()} == {
        name: [card.licence] for name, card in remote.DATASETS.items()
    }
    # An address as the upstream site writes it.
    file = next(f for f in _registry.files_of("movie_sentences") if f.path.endswith(".pos"))
    assert file.url == (
        "https://raw.githubusercontent.com/yoonkim/CNN_sentence/"
        "23e0e1f7355705bb083043fda05c031b15acb38c/rt-polarity.pos"
    )


def test_the_default_folders_are_the_platforms(monkeypatch):
    import pooch

    for name in ("MMTUTOR_DATA", "MMTUTOR_CACHE"):
        monkeypatch.setenv(name, "")
    assert remote.cache_folder() == Path(pooch.os_cache("mmtutor"))
    assert remote.data_folder() == Path(pooch.os_cache("mmtutor")) / "data"


def test_notes_are_json_a_person_can_read(server):
    fetch()
    notes = json.loads((remote.cache_folder() / "verified.json").read_text())
    assert notes[str(place())][0] == len(BODIES[FIRST])
