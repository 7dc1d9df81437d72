"""The download path, against a server on this machine that misbehaves in every known way."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path, PurePosixPath

import numpy as np
import pooch
import pytest
import requests

from mmtutor.datasets import remote

UPSTREAM, COMMIT = "someone/something", "0123abcd"
BODIES = {
    f"folder {k}/file-{k}.bin": np.random.default_rng(k).bytes(150_000 + k) for k in range(20)
}
FIRST, SECOND = list(BODIES)[:2]


class Server:
    """Serves BODIES; `rules` maps a path to a list of behaviours, one a request; the last stays."""

    def __init__(self) -> None:
        self.rules: dict[str, list[str]] = {}
        self.requests: list[str] = []
        self.open_now = self.most_open = 0
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self.eight = threading.Barrier(8)
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
                except OSError:
                    pass  # the client has gone
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
        self.closing.set()
        self.http.shutdown()
        self.http.server_close()

    def answer(self, handler) -> None:
        prefix = f"/{UPSTREAM}/{COMMIT}/"
        assert handler.path.startswith(prefix), handler.path
        path = handler.path.removeprefix(prefix).replace("%20", " ")
        with self.lock:
            self.requests.append(path)
            plan = self.rules.get(path, ["ok"])
            what = plan.pop(0) if len(plan) > 1 else plan[0]
        body = BODIES[path]
        if what.isdigit():
            handler.send_error(int(what))
            return
        if what == "wrong":
            body = bytes(len(body))
        if what == "login":
            body = b"<html>" * 100
        if what == "meet":
            self.eight.wait(timeout=30)
        half = body[: len(body) // 2]
        handler.send_response(200)
        if what != "endless":
            length = len(half if what == "short" else body)
            handler.send_header("Content-Length", str(length))
        handler.end_headers()
        handler.wfile.write(body if what in ("ok", "meet", "wrong", "login") else half)
        handler.wfile.flush()
        if what == "gone":  # a whole length was promised
            handler.connection.shutdown(socket.SHUT_RDWR)
        if what == "stall":
            self.closing.wait(60)
        while what == "endless":
            handler.wfile.write(bytes(1 << 16))
        while what == "trickle" and not self.closing.wait(0.05):
            handler.wfile.write(b"x")
            handler.wfile.flush()


@pytest.fixture
def server(tmp_path, monkeypatch):
    table = tmp_path / "registry.csv"
    lines = ["dataset,upstream,commit,path,bytes,sha256,licence"]
    lines += [
        f"toy,{UPSTREAM},{COMMIT},{path},{len(body)},{hashlib.sha256(body).hexdigest()},CC0-1.0"
        for path, body in BODIES.items()
    ]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    monkeypatch.setattr(remote, "bundled_path", lambda name: table)
    monkeypatch.setattr(
        remote,
        "DATASETS",
        {"toy": remote.Dataset("toy", "# toy\n\nnoise\n\n## References\n\nNobody\n")},
    )
    monkeypatch.setattr(pooch.core.time, "sleep", lambda seconds: None)
    monkeypatch.setenv("MMTUTOR_DATA", str(tmp_path / "data"))
    server = Server()
    monkeypatch.setenv("MMTUTOR_DATA_URL", server.url + "/")
    yield server
    server.close()


def place(path: str = FIRST) -> Path:
    return remote.data_folder() / "toy" / path


def files_there() -> set[str]:
    folder = remote.data_folder() / "toy"
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def fetch() -> Path:
    return remote.fetch_files("toy", progress=False)


def assert_whole(paths=BODIES) -> None:
    for path in paths:
        assert place(path).read_bytes() == BODIES[path], path


def wait_until_seven_stall(alive=lambda: True) -> None:
    end = time.monotonic() + 300
    while len(files_there() & set(BODIES)) < 13:  # the eighth thread has brought all the others
        assert time.monotonic() < end
        assert alive()
        time.sleep(0.01)


def test_all_files_arrive_eight_at_a_time_and_nothing_else_stays(server):
    server.rules |= {path: ["meet"] for path in list(BODIES)[:8]}
    folder = fetch()
    assert folder == remote.data_folder() / "toy"
    assert_whole()
    assert files_there() == set(BODIES)
    assert server.most_open == 8
    assert remote.is_available("toy")


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_files_are_readable_by_whom_the_umask_allows(server):
    before = os.umask(0o027)
    try:
        fetch()
    finally:
        os.umask(before)
    assert {stat.S_IMODE(place(path).stat().st_mode) for path in BODIES} == {0o640}


def test_what_is_there_is_not_downloaded_again(server):
    fetch()
    place().write_bytes(b"short")  # one file of another size
    place(SECOND).write_bytes(bytes(len(BODIES[SECOND])))  # one of the same size, other content
    assert not remote.is_available("toy")
    server.requests.clear()
    fetch()
    assert sorted(server.requests) == sorted([FIRST, SECOND])
    assert_whole()
    server.requests.clear()
    fetch()
    assert server.requests == []


def test_a_complete_folder_is_never_written_to(server):
    fetch()
    for path in [remote.data_folder(), *remote.data_folder().rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = {p: p.stat().st_mtime_ns for p in remote.data_folder().rglob("*")}
    assert remote.is_available("toy")
    fetch()
    assert (remote.verify()["state"] == "ok").all()
    assert {p: p.stat().st_mtime_ns for p in remote.data_folder().rglob("*")} == before
    for path in [remote.data_folder(), *remote.data_folder().rglob("*")]:
        path.chmod(0o755)


@pytest.mark.parametrize("fault", ["gone", "short", "wrong", "503", "429"])
def test_a_passing_fault_is_overcome(server, fault):
    server.rules[FIRST] = [fault, fault, "ok"]
    fetch()
    assert_whole()
    assert files_there() == set(BODIES)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("404", r"file-0\.bin answered 404; if you set MMTUTOR_DATA_URL, check it"),
        ("503", r"file-0\.bin answered 503.*try again later"),
        ("wrong", r"from http.*file-0\.bin has not the registered sha256; a proxy"),
        ("login", r"from http.*file-0\.bin has not the registered sha256; a proxy"),
        ("short", r"file-0\.bin has not the registered sha256"),
        ("endless", r"file-0\.bin has not the registered sha256"),
        ("gone", r"connection to http.*file-0\.bin failed .*check the network"),
        ("stall", r"connection to http.*file-0\.bin failed .*check the network"),
    ],
)
def test_a_lasting_fault_is_named_with_the_file_and_the_remedy(server, monkeypatch, fault, words):
    monkeypatch.setattr(remote, "_TIMEOUT", (30, 3))
    server.rules[FIRST] = [fault]
    with pytest.raises(remote.DataNotAvailable, match="toy could not be fetched: .*" + words):
        fetch()
    assert not place().exists()
    server.rules.clear()
    fetch()
    assert_whole()
    assert files_there() == set(BODIES)


def test_what_arrived_before_an_error_is_kept(server):
    last = list(BODIES)[-1]
    server.rules[last] = ["404"]
    with pytest.raises(remote.DataNotAvailable, match="What has arrived is kept"):
        fetch()
    arrived = files_there() & set(BODIES)
    assert len(arrived) > 5
    assert_whole(arrived)
    server.rules.clear()
    server.requests.clear()
    fetch()
    assert not arrived & set(server.requests)
    assert_whole()


def test_a_server_that_sends_a_byte_now_and_then_is_given_up(server, monkeypatch):
    monkeypatch.setattr(remote, "_PATIENCE", 1)
    server.rules[FIRST] = ["trickle"]
    with pytest.raises(remote.DataNotAvailable, match="no file arrived for 1 s"):
        fetch()
    assert not place().exists()


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_stopping_by_hand_does_not_wait_for_the_server(server):
    server.rules |= {path: ["stall"] for path in list(BODIES)[1:8]}
    stopped = []

    def press_stop() -> None:
        wait_until_seven_stall()
        stopped.append(time.monotonic())
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    ours = signal.signal(signal.SIGINT, signal.default_int_handler)  # pytest's workers ignore it
    try:
        thread = threading.Thread(target=press_stop)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            fetch()
    finally:
        signal.signal(signal.SIGINT, ours)
    assert time.monotonic() - stopped[0] < 20  # seven threads wait 30 s for the next piece
    thread.join()
    assert_whole(files_there() & set(BODIES))


@pytest.mark.slow
def test_a_killed_process_leaves_nothing_for_long(server, tmp_path, record_property):
    server.rules |= {path: ["stall"] for path in list(BODIES)[1:8]}
    code = (
        "from pathlib import Path; from mmtutor.datasets import remote\n"
        f"remote.bundled_path = lambda name: Path({str(tmp_path / 'registry.csv')!r})\n"
        "remote.fetch_files('toy', progress=False)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    wait_until_seven_stall(alive=lambda: process.poll() is None)
    process.kill()
    process.wait()
    strays = sorted(files_there() - set(BODIES))
    assert len(strays) == 7
    assert_whole(files_there() & set(BODIES))
    for stray in strays[1:]:
        os.utime(place(stray), (time.time() - 61,) * 2)
    server.rules.clear()
    fetch()
    assert_whole()
    # The youngest may be of a process that still runs; the next call clears it away.
    assert files_there() - set(BODIES) == {strays[0]}
    os.utime(place(strays[0]), (time.time() - 61,) * 2)
    fetch()
    assert files_there() == set(BODIES)
    record_property("faults survived", 1)


def test_only_what_is_named_as_temporary_is_cleared_away(server):
    fetch()
    stray, kept = place().with_name("tmpab_12xyz"), place().with_name("tmpnotes.md")
    for path in (stray, kept):
        path.touch()
        os.utime(path, (time.time() - 61,) * 2)
    fetch()
    assert kept.exists()
    assert not stray.exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
@pytest.mark.parametrize(
    "make", [lambda path: os.mkfifo(path), os.mkdir, lambda path: path.symlink_to("/dev/zero")]
)
def test_what_is_no_file_is_not_waited_for(server, make):
    place().parent.mkdir(parents=True)
    make(place())
    assert remote.verify()["state"].iloc[0] != "ok"
    with pytest.raises(remote.DataNotAvailable, match=r"file-0\.bin is a folder, a pipe or a dev"):
        fetch()
    assert server.requests == []


def test_two_fetches_at_the_same_time_do_not_disturb_each_other(server):
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
    assert files_there() == set(BODIES)


def test_no_network_says_so_and_soon(server):
    server.close()
    with pytest.raises(remote.DataNotAvailable, match=r"ConnectionError.*MMTUTOR_DATA"):
        fetch()


def test_disk_full_is_named_and_nothing_half_stays(server, monkeypatch):
    def full(self, size):
        yield b"half"
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(requests.Response, "iter_content", full)
        with pytest.raises(remote.DataNotAvailable, match=r"No space left .*; make room there"):
            fetch()
    fetch()
    assert_whole()
    assert files_there() == set(BODIES)


def test_a_folder_that_cannot_be_written_is_named(server, monkeypatch, tmp_path):
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("MMTUTOR_DATA", str(tmp_path / "a file" / "data"))
    with pytest.raises(remote.DataNotAvailable, match=r"cannot be written to .* set MMTUTOR_DATA"):
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


CARD = remote.DATASETS["mnist_test"]
NO_NAME = (
    "",
    "../toy",
    "toy\0",
    None,
    7,
    b"toy",
    ["toy"],
    {"toy"},
    {},
    np.array("toy"),
    np.ma.masked,
)


@pytest.mark.parametrize("name", NO_NAME)
def test_what_is_no_name_of_a_dataset_is_told(server, name):
    for call in (remote.fetch_files, remote.is_available, remote.verify):
        if not (call is remote.verify and name is None):  # of all
            with pytest.raises(ValueError, match=r"^unknown dataset .*; the registry has"):
                call(name)
    with pytest.raises(ValueError, match=r"^the card of mnist_test has no "):
        CARD.section(name)


@pytest.mark.parametrize("flag", ["download_if_missing", "progress"])
@pytest.mark.parametrize("value", [None, 0, 1, "no", float("nan"), [], np.array(False)])
def test_what_is_neither_true_nor_false_is_told(server, flag, value):
    with pytest.raises(ValueError, match=f"^{flag} is .*; expected True or False"):
        remote.fetch_files("toy", **{flag: value})
    assert server.requests == []


def test_a_whole_status_and_verify(server):
    assert list(remote.status()["state"]) == ["absent"]
    assert set(remote.verify("toy")["state"]) == {"missing"}
    fetch()
    [row] = remote.status().to_dict("records")
    assert row["state"] == "present"
    assert row["files"] == 20
    assert row["MB"] == 3.0
    assert row["licence"] == "CC0-1.0"
    assert row["where"] == str(remote.data_folder() / "toy")
    place().unlink()
    assert list(remote.status()["state"]) == ["partial"]
    place().write_bytes(BODIES[FIRST][:-1])
    place(SECOND).write_bytes(bytes(len(BODIES[SECOND])))
    table = remote.verify().set_index("path")["state"]
    assert table[FIRST] == "wrong size"
    assert table[SECOND] == "wrong hash"
    assert (table == "ok").sum() == 18


def test_the_progress_bar_counts_every_byte_once(server, monkeypatch):
    import tqdm

    bars = []

    class Bar(tqdm.tqdm):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **(kwargs | {"disable": False, "file": open(os.devnull, "w")}))  # noqa: SIM115, PTH123
            bars.append(self)

    monkeypatch.setattr(tqdm, "tqdm", Bar)
    server.rules[FIRST] = ["gone", "ok"]
    remote.fetch_files("toy", progress=True)
    [bar] = bars
    assert bar.n == bar.total == sum(map(len, BODIES.values()))


def test_unknown_dataset_is_named(server):
    for call in (remote.fetch_files, remote.is_available, remote.verify):
        with pytest.raises(ValueError, match="unknown dataset 'nothing'; the registry has toy"):
            call("nothing")


def test_the_real_registry_is_sound():
    table = remote.registry()
    assert set(table["dataset"]) == set(remote.DATASETS)
    assert table["sha256"].str.fullmatch("[0-9a-f]{64}").all()
    assert table["commit"].str.fullmatch("[0-9a-f]{40}").all()
    assert not table.duplicated(["dataset", "path"]).any()
    assert (table.groupby("dataset")[["upstream", "commit", "licence"]].nunique() == 1).all(
        axis=None
    )
    paths = [PurePosixPath(path) for path in table["path"]]
    assert not any(path.is_absolute() or ".." in path.parts for path in paths)
    # An address as the upstream site writes it.
    file = next(f for f in remote.files_of("movie_sentences") if f.path.endswith(".pos"))
    assert file.url == (
        "https://raw.githubusercontent.com/yoonkim/CNN_sentence/"
        "23e0e1f7355705bb083043fda05c031b15acb38c/rt-polarity.pos"
    )


def test_the_default_folder_is_the_platforms(monkeypatch):
    monkeypatch.setenv("MMTUTOR_DATA", "")
    assert remote.data_folder() == Path(pooch.os_cache("mmtutor")) / "data"
