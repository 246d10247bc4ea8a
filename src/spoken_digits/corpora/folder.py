"""folder: recordings of the user's own, in a directory or an archive, local or by URL."""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from spoken_digits import kept
from spoken_digits.corpora.archives import MAX_MEMBER_BYTES, ArchiveError, read_archive
from spoken_digits.corpora.fetch import with_archive
from spoken_digits.corpora.known import KIND, by_shard
from spoken_digits.corpora.packing import BadRecording, clear, pack, pack_beside
from spoken_digits.files import local_path, shown
from spoken_digits.params import Folder
from spoken_digits.recording import Recording, parse_stem
from spoken_digits.sound.file_names import SUFFIXES, is_recording, search, why_not
from spoken_digits.vocabulary import OTHER, Vocabulary


def collect(settings: Folder, vocabulary: Vocabulary, target: Path) -> list[BadRecording]:
    """Pack every recording under a directory, or in an archive: ``<target>/<shard>.zip``.

    A label that the vocabulary lacks becomes ``other-<label>``; how many do is printed. What looks
    like sound and cannot be taken is among the bad recordings. Raises FetchError or ArchiveError if
    the archive cannot be had or read, or if there is no recording in it.
    """
    path = local_path(settings.path)
    if path.is_dir():
        return _pack_directory(path, settings.path, vocabulary, target)
    pack_at = partial(_pack_archive, source=settings.path, vocabulary=vocabulary, target=target)
    return pack_at(path) if path.is_file() else with_archive("folder", settings.path, pack_at)


def _check_not_empty(bad: Sequence[BadRecording], source: str, target: Path) -> None:
    if not bad and not any(target.iterdir()):
        raise ArchiveError(
            f"folder: {source} holds no recordings. Expected "
            f"<label>_<speaker>_<take>.{{{','.join(suffix[1:] for suffix in SUFFIXES)}}} in it"
        )


def recording_at(path: str) -> Recording:
    """Return the recording in ``<label>_<speaker>_<take>.flac``, in whichever folder that is.

    Raises RecordingNameError if it is named otherwise.
    """
    return parse_stem("folder", PurePosixPath(path).stem, path)


def _pack_archive(
    path: Path, source: str, vocabulary: Vocabulary, target: Path
) -> list[BadRecording]:
    passed_over: dict[str, str] = {}

    def wanted(name: str) -> bool:
        if reason := why_not(name):
            passed_over[name] = reason
        return is_recording(name)

    bad = _pack(read_archive(path, wanted), vocabulary, partial(pack, target=target))
    bad += _named(passed_over)
    _check_not_empty(bad, source, target)
    return bad


def _pack_directory(
    path: Path, source: str, vocabulary: Vocabulary, target: Path
) -> list[BadRecording]:
    """Pack the speakers of whom a recording is new or changed; the others' shards are kept."""
    found = search(path)
    unread = found.passed_over
    shards, shard_of = by_shard(path, found.recordings, vocabulary)
    clear(target)
    there = {
        name: known
        for name, known in shards.items()
        if kept.fetch(KIND, known.key, target / f"{name}.zip")
    }
    packed = {source for known in there.values() for source in known.sources}
    new = [name for name in found.recordings if name not in packed]
    odd: set[str] = set()
    bad = _pack(
        _read_directory(path, new, unread),
        vocabulary,
        partial(pack_beside, target=target, shard_of=shard_of, odd=odd),
        packed,
    )
    for name, known in shards.items():
        shard = target / f"{name}.zip"
        # Of what is bad or odd the user is told each time, so it is read each time.
        sound = odd.isdisjoint(known.speakers) and unread.keys().isdisjoint(known.sources)
        if name not in there and sound and shard.exists():
            kept.keep(KIND, known.key, shard)
    bad += _named(unread)
    _check_not_empty(bad, source, target)
    return bad


def _named(passed_over: Mapping[str, str]) -> list[BadRecording]:
    return [
        BadRecording("folder", shown(name), reason) for name, reason in sorted(passed_over.items())
    ]


def _pack(
    files: Iterable[tuple[str, bytes]],
    vocabulary: Vocabulary,
    pack: Callable[..., list[BadRecording]],
    packed: Iterable[str] = (),
) -> list[BadRecording]:
    """Pack ``files``, and say what is outside the vocabulary of them and of those ``packed``."""
    outside: dict[str, str] = {}  # label that the vocabulary lacks, by name in the source

    def labelled(path: str) -> Recording:
        recording = recording_at(path)
        if not recording.is_word or recording.label in vocabulary.labels:
            return recording
        outside[shown(path)] = recording.label
        return recording._replace(label=f"{OTHER}-{recording.label}")

    bad = pack("folder", files, labelled)
    for path in packed:
        labelled(path)
    left_out = {item.name for item in bad}
    counts = Counter(label for path, label in outside.items() if path not in left_out)
    if counts:
        labels = ", ".join(f"{label} ({counts[label]})" for label in sorted(counts))
        print(
            f"folder: {counts.total()} recordings of labels outside the vocabulary are packed as "
            f"{OTHER}: {labels}",
            file=sys.stderr,
        )
    return bad


def _read_directory(
    directory: Path, names: list[str], unread: dict[str, str]
) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each recording; put into ``unread`` why one has none."""
    for name in tqdm(names, desc=shown(directory), unit=" files", disable=None):
        try:
            with (directory / name).open("rb") as file:
                content = file.read(MAX_MEMBER_BYTES + 1)
        except OSError as error:
            unread[name] = f"cannot be read ({error.strerror or error})"
            continue
        if len(content) > MAX_MEMBER_BYTES:
            unread[name] = (
                f"more than {MAX_MEMBER_BYTES} bytes; no recording of a word is that long"
            )
            continue
        yield name, content
