"""Archives made by strangers are read without trusting them."""

import bz2
import gzip
import io
import lzma
import resource
import stat
import struct
import tarfile
import zipfile

import pytest

from spoken_digits.corpora import archives
from spoken_digits.corpora.archives import ArchiveError, read_archive

FILES = {
    "recordings/0_anna_0.wav": b"zero" * 1000,
    "recordings/1_anna_0.wav": b"one",
    "README": b"",
}


def write_zip(path, files=FILES, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.mkdir("recordings")
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tar_bytes(files=FILES) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        folder = tarfile.TarInfo("recordings")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def read(path, wanted=lambda name: True):
    return dict(read_archive(path, wanted))


@pytest.mark.parametrize(
    "compression",
    [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA],
)
def test_zip(tmp_path, compression):
    assert read(write_zip(tmp_path / "a.zip", compression=compression)) == FILES


@pytest.mark.parametrize(
    "compress", [bytes, gzip.compress, bz2.compress, lzma.compress], ids=["tar", "gz", "bz2", "xz"]
)
def test_tar_whatever_its_name(tmp_path, compress):
    (tmp_path / "a").write_bytes(compress(tar_bytes()))
    assert read(tmp_path / "a") == FILES


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_only_what_is_wanted(tmp_path, kind):
    path = tmp_path / "a"
    write_zip(path) if kind == "zip" else path.write_bytes(tar_bytes())
    assert set(read(path, lambda name: "1_" in name)) == {"recordings/1_anna_0.wav"}


@pytest.mark.parametrize("name", ["/etc/7_a_0.wav", "../7_a_0.wav", "a/../../7_a_0.wav"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_name_that_leads_out_is_refused(tmp_path, kind, name):
    path, files = tmp_path / "a", {"1_a_0.wav": b"good", name: b"evil"}
    write_zip(path, files) if kind == "zip" else path.write_bytes(tar_bytes(files))
    with pytest.raises(
        ArchiveError, match=f"the member '{name}' leads out of the archive; refused"
    ):
        read(path)


@pytest.mark.parametrize("name", [r"..\7_a_0.wav", r"C:\7_a_0.wav", r"\7_a_0.wav"])
def test_a_name_that_leads_out_on_windows_is_refused(tmp_path, name):
    (tmp_path / "a").write_bytes(tar_bytes({name: b"evil"}))
    with pytest.raises(ArchiveError, match="leads out of the archive; refused"):
        read(tmp_path / "a")


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_a_link_or_device_in_a_tar_is_refused(tmp_path, kind):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        info = tarfile.TarInfo("7_a_0.wav")
        info.type, info.linkname = kind, "/etc/passwd"
        archive.addfile(info)
    with pytest.raises(
        ArchiveError, match=r"7_a_0\.wav is a link or a device, not a file; refused"
    ):
        read(tmp_path / "a.tar")


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO])
def test_a_link_or_device_in_a_zip_is_refused(tmp_path, kind):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        info = zipfile.ZipInfo("7_a_0.wav")
        info.external_attr = (kind | 0o644) << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(
        ArchiveError, match=r"7_a_0\.wav is a link or a device, not a file; refused"
    ):
        read(tmp_path / "a.zip")


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize(
    ("bound", "most", "words"),
    [
        ("MAX_MEMBERS", 2, "more than 2 members; refused"),
        ("MAX_BYTES", 4002, "unpacks to more than 4002 bytes; refused"),
        ("MAX_MEMBER_BYTES", 2000, r"0_anna_0\.wav unpacks to more than 2000 bytes"),
    ],
)
def test_too_many_or_too_large_members_are_refused(tmp_path, monkeypatch, kind, bound, most, words):
    monkeypatch.setattr(archives, bound, most)
    path = tmp_path / "a"
    write_zip(path) if kind == "zip" else path.write_bytes(tar_bytes())
    with pytest.raises(ArchiveError, match=words):
        read(path)


def test_a_bomb_whose_header_lies_about_its_size_is_refused(tmp_path, monkeypatch):
    """What comes out is counted; the header's 100 bytes pass the bound."""
    path = write_zip(tmp_path / "a.zip", {"7_a_0.wav": bytes(10_000_000)})
    content = path.read_bytes()
    assert content.count(struct.pack("<L", 10_000_000)) == 2  # local and central header
    path.write_bytes(content.replace(struct.pack("<L", 10_000_000), struct.pack("<L", 100)))
    with pytest.raises(ArchiveError, match="damaged"):
        read(path)


def test_a_tar_header_that_asks_for_the_whole_memory_is_refused(tmp_path):
    info = tarfile.TarInfo("././@PaxHeader")
    info.type, info.size = tarfile.XHDTYPE, 7 * 2**30
    (tmp_path / "a.tar").write_bytes(info.tobuf() + bytes(10_000))
    with pytest.raises(ArchiveError, match="this is no honest archive"):
        read(tmp_path / "a.tar")


def test_an_encrypted_member_is_refused(tmp_path):
    path = write_zip(tmp_path / "a.zip", {"7_a_0.wav": b"secret"})
    with zipfile.ZipFile(path) as archive:
        info = archive.infolist()[-1]
        start = archive.start_dir
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02", content.index(b"PK\x01\x02", start) + 1)
    content[info.header_offset + 6] |= 1
    content[entry + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match=r"7_a_0\.wav is encrypted\. Make the archive without a"):
        read(path)


@pytest.mark.parametrize(
    "content", [b"", b"<html>404</html>", b"\xff" * 5000, b"\x1f\x8b" + bytes(99)]
)
def test_what_is_no_archive_is_refused(tmp_path, content):
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(ArchiveError, match=r"a\.zip: not a ZIP or tar archive, or damaged"):
        read(tmp_path / "a.zip")


@pytest.mark.parametrize(
    "compress", [bytes, gzip.compress, bz2.compress, lzma.compress], ids=["tar", "gz", "bz2", "xz"]
)
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_tar_that_ends_early_is_damaged(tmp_path, compress, kept):
    whole = tar_bytes()
    content = compress(whole[: whole.rindex(b"README") + 512])  # no end-of-archive blocks
    (tmp_path / "a").write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(ArchiveError, match="damaged"):
        read(tmp_path / "a")


def test_a_tar_cut_between_two_members_is_damaged(tmp_path):
    whole = tar_bytes()
    (tmp_path / "a.tar").write_bytes(whole[: whole.index(b"recordings/1_anna_0")])
    with pytest.raises(ArchiveError, match="it ends early"):
        read(tmp_path / "a.tar")


def test_a_zip_with_a_changed_byte_is_damaged(tmp_path):
    path = write_zip(tmp_path / "a.zip", compression=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"zerozero", b"zeroZero", 1))
    with pytest.raises(ArchiveError, match=r"damaged \(Bad CRC-32 for file 'recordings/0_anna_0"):
        read(path)


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_what_the_system_refuses_is_not_called_damage(tmp_path, kind):
    """A cached download must not be thrown away because too many files are open."""
    path = tmp_path / "words"
    write_zip(path) if kind == "zip" else path.write_bytes(tar_bytes())
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            read(path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(read(path)) == len(FILES)
