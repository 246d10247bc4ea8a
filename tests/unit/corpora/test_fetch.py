"""Archives come by HTTP through broken connections, and only once."""

import threading
from pathlib import Path

import pytest
from support import Drop, Stall

from spoken_digits.corpora import fetch
from spoken_digits.corpora.archives import ArchiveError
from spoken_digits.corpora.fetch import FetchError, file_names, with_archive
from spoken_digits.kept import cache_directory

CONTENT = bytes(range(256)) * 4096  # 1 MiB
PATH = "/data/corpus.zip"


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    monkeypatch.setattr(fetch, "FIRST_WAIT_S", 0.01)


@pytest.fixture
def address(server) -> str:
    server.files[PATH] = CONTENT
    return server.url + PATH


def read(address: str) -> bytes:
    return with_archive("fsdd", address, Path.read_bytes)


def left_in_cache() -> set[str]:
    return {path.name for path in cache_directory().rglob("*") if path.is_file()} - {
        "corpus.zip.lock"
    }


def test_an_archive_is_fetched_once(server, address):
    assert read(address) == CONTENT
    assert read(address) == CONTENT
    assert server.requests == [(PATH, None)]
    assert left_in_cache() == {"corpus.zip"}


def test_one_cache_serves_several_processes_at_once(server, address):
    results: list[bytes] = []
    threads = [threading.Thread(target=lambda: results.append(read(address))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [CONTENT] * 4
    assert len(server.requests) == 1


def test_the_cache_is_the_users_unless_chosen(monkeypatch, tmp_path):
    monkeypatch.delenv("SPOKEN_DIGITS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory().name == "spoken-digits"
    monkeypatch.setenv("SPOKEN_DIGITS_CACHE", str(tmp_path / "elsewhere"))
    assert cache_directory() == tmp_path / "elsewhere"


def test_a_dropped_connection_resumes_where_it_stopped(server, address, capsys):
    server.plan = [Drop(700_000), Drop(200_000)]
    assert read(address) == CONTENT
    first, second, third = (wish for _, wish in server.requests)
    assert first is None
    starts = [int(wish.removeprefix("bytes=").removesuffix("-")) for wish in (second, third)]
    assert 600_000 < starts[0] <= 700_000
    assert starts[0] + 100_000 < starts[1] <= starts[0] + 200_000
    assert "trying again" in capsys.readouterr().err


def test_a_server_that_falls_silent_is_asked_again(server, address, monkeypatch, capsys):
    monkeypatch.setattr(fetch, "TIMEOUT_S", (0.5, 0.5))
    server.plan = [Stall(600_000)]
    assert read(address) == CONTENT
    assert "no answer in time; trying again" in capsys.readouterr().err
    assert server.requests[1][1] is not None


def test_a_connection_that_never_lasts_is_given_up(server, address):
    """Bytes fetched anew are no progress."""
    server.ranges = False
    server.plan = [Drop(500_000), Drop(600_000)] * 10
    with pytest.raises(FetchError, match="the connection broke, 4 times"):
        read(address)
    assert len(server.requests) == 5


def test_the_next_run_resumes_what_the_last_one_left(server, address):
    server.plan = [Drop(600_000), 404]
    with pytest.raises(FetchError, match="404"):
        read(address)
    assert left_in_cache() == {"corpus.zip.partial", "corpus.zip.tag"}
    assert read(address) == CONTENT
    assert server.requests[-1][1] != "bytes=0-"
    assert server.requests[-1][1].startswith("bytes=")
    assert left_in_cache() == {"corpus.zip"}


def test_a_file_that_changed_meanwhile_is_begun_anew(server, address):
    server.plan = [Drop(600_000)]
    changed = CONTENT[::-1]
    server.plan.append(changed)  # with another ETag, so If-Range does not hold
    assert read(address) == changed


def test_a_server_without_ranges_is_asked_for_the_whole_again(server, address):
    server.ranges = False
    server.plan = [Drop(600_000)]
    assert read(address) == CONTENT


def test_a_server_that_sends_less_than_was_asked_for(server, address):
    server.longest_range = 200_000
    server.plan = [Drop(600_000)]
    assert read(address) == CONTENT
    assert len(server.requests) == 4


@pytest.mark.parametrize("tag", ["", 'W/"weak"'])
def test_without_a_strong_tag_nothing_is_resumed(server, address, tag):
    server.tag = tag
    server.plan = [Drop(600_000)]
    assert read(address) == CONTENT
    assert [wish for _, wish in server.requests] == [None, None]


def test_a_file_that_shrank_is_begun_anew(server, address):
    server.tag = '"always the same"'
    server.plan = [Drop(600_000)]
    server.files[PATH] = CONTENT
    server.plan.append(CONTENT[:1000])  # 416
    server.plan.append(CONTENT[:1000])
    assert read(address) == CONTENT[:1000]


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_busy_server_is_asked_again(server, address, status):
    server.plan = [status, status]
    assert read(address) == CONTENT
    assert len(server.requests) == 3


def test_retries_end(server, address):
    server.plan = [503] * 20
    with pytest.raises(FetchError, match=r"503 Service Unavailable, 4 times"):
        read(address)
    assert len(server.requests) == 4


def test_progress_renews_the_patience(server, address):
    server.plan = [Drop(150_000)] * 6
    assert read(address) == CONTENT


@pytest.mark.parametrize("status", [403, 404, 410])
def test_what_is_not_there_is_asked_for_once(server, address, status):
    server.plan = [status]
    with pytest.raises(FetchError, match=f"corpus.zip \\({status} "):
        read(address)
    assert len(server.requests) == 1


def test_without_a_network_one_line_says_what_and_ways_on(no_server):
    with pytest.raises(FetchError) as caught:
        read(no_server + PATH)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(f"fsdd: could not reach {no_server}{PATH} (connection refused, 4 times)")
    assert "set CORPUS_MIRROR to a directory or URL that holds corpus.zip" in text
    assert "-S 'corpora=[folder]' -S download.folder.path=PATH" in text
    assert "-S 'corpora=[espeak,pico]'" in text


def test_a_wrong_proxy_is_blamed_and_not_the_server(monkeypatch, no_server):
    monkeypatch.setenv("http_proxy", no_server)
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(FetchError, match=r"\(the proxy that https_proxy or http_proxy names does "):
        read("http://host.invalid/a.zip")


def test_a_host_that_does_not_exist():
    with pytest.raises(FetchError, match=r"http://host\.invalid/a\.zip \(no such host, or no netw"):
        read("http://host.invalid/a.zip")


def test_an_address_that_is_none():
    with pytest.raises(FetchError, match=r"http://:80/a\.zip"):
        read("http://:80/a.zip")


def test_a_local_path_is_used_as_it_is(tmp_path):
    (tmp_path / "a.zip").write_bytes(b"here")
    assert read(str(tmp_path / "a.zip")) == b"here"


def test_a_local_path_that_is_not_there():
    with pytest.raises(FetchError, match=r"could not reach nowhere/a\.zip \(not there\)\. Ways"):
        read("nowhere/a.zip")


def test_what_begins_as_an_address_and_is_none():
    with pytest.raises(FetchError, match=r"^http://\[::1/a\.zip: no address of the web \(Invalid "):
        read("http://[::1/a.zip")


def test_a_mirror_directory_comes_first(server, address, monkeypatch, tmp_path):
    (tmp_path / "corpus.zip").write_bytes(b"mirror")
    monkeypatch.setenv("CORPUS_MIRROR", str(tmp_path))
    assert read(address) == b"mirror"
    assert server.requests == []


def test_a_mirror_url_comes_first(server, address, monkeypatch):
    server.files["/mirror/corpus.zip"] = b"mirror"
    monkeypatch.setenv("CORPUS_MIRROR", f"{server.url}/mirror/")
    assert read(address) == b"mirror"


def test_a_mirror_without_the_archive_is_passed_over(address, server, monkeypatch, tmp_path):
    for mirror in (str(tmp_path), f"{server.url}/mirror"):
        monkeypatch.setenv("CORPUS_MIRROR", mirror)
        assert read(address) == CONTENT


def test_a_failure_names_the_mirror_too(no_server, monkeypatch, tmp_path):
    monkeypatch.setenv("CORPUS_MIRROR", str(tmp_path))
    with pytest.raises(FetchError) as caught:
        read(no_server + PATH)
    assert f"could not reach {tmp_path}/corpus.zip (not there), nor {no_server}" in str(
        caught.value
    )


def test_the_name_in_a_mirror_is_the_one_that_github_gives():
    address = "https://github.com/owner/corpus/archive/0123abc.zip"
    assert file_names(address) == ["corpus-0123abc.zip", "0123abc.zip"]
    assert file_names("https://example.org/a%20b.tar.gz?download=1") == ["a b.tar.gz"]
    assert file_names("here/corpus.zip") == ["corpus.zip"]


def check(path: Path) -> bytes:
    if path.read_bytes() != CONTENT:
        raise ArchiveError(f"{path.name}: other content")
    return CONTENT


def test_a_file_that_does_not_verify_is_fetched_once_more(server, address, capsys):
    server.plan = [b"wrong"]
    assert with_archive("fsdd", address, check) == CONTENT
    assert len(server.requests) == 2
    assert "other content\nfsdd: thrown away; fetching it once more" in capsys.readouterr().err


def test_a_file_that_never_verifies_is_an_error_and_is_not_kept(server, address):
    server.files[PATH] = b"wrong"
    with pytest.raises(ArchiveError, match=r"corpus\.zip: other content"):
        with_archive("fsdd", address, check)
    assert len(server.requests) == 2
    assert left_in_cache() == set()


def test_a_mirrors_file_that_does_not_verify_is_left_alone(monkeypatch, tmp_path):
    (tmp_path / "corpus.zip").write_bytes(b"wrong")
    monkeypatch.setenv("CORPUS_MIRROR", str(tmp_path))
    with pytest.raises(ArchiveError, match="other content"):
        with_archive("fsdd", "http://host.invalid/corpus.zip", check)
    assert (tmp_path / "corpus.zip").read_bytes() == b"wrong"


def test_a_cache_that_cannot_be_written(address, monkeypatch, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("SPOKEN_DIGITS_CACHE", str(tmp_path / "file"))
    with pytest.raises(
        FetchError, match="Not a directory; or name another place in SPOKEN_DIGITS_CACHE"
    ):
        read(address)


def test_a_cache_without_room(server, address):
    server.claims = 10**18
    with pytest.raises(
        FetchError, match=r"GB, 1000000000\.0 GB are needed; set SPOKEN_DIGITS_CACHE"
    ):
        read(address)
