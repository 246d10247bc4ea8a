"""Recordings, and their subsets, as columns: 13 bytes for each, whatever it is called.

A ``Recording`` is a Python object of some hundred bytes, which is a lot where there are millions.
"""

from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from spoken_digits.recording import Recording

T = TypeVar("T")

SUBSETS = ("train", "validation", "test")
TRAIN, VALIDATION, TEST = range(3)
"""Their codes: where they are in SUBSETS."""

_AT_ONCE = 4096  # rows that are Python objects while recordings are iterated over

Chosen = slice | NDArray[np.int64] | NDArray[np.bool_]
"""A part of a column."""


class Recordings(Sequence[Recording]):
    """Recordings in an order. Each is made when it is asked for: what is held is numbers.

    ``recordings[7]`` is a Recording; ``recordings[2:5]``, of an array of indices, or of a mask,
    (n,), are Recordings again.
    """

    def __init__(
        self, speakers: Sequence[tuple[str, str]], labels: Sequence[str], codes: NDArray[np.int32]
    ) -> None:
        self.speakers = speakers
        """Corpus and name of each speaker; there may be some of whom there is no recording."""
        self.labels = labels
        """Labels, each once; the same holds of them."""
        self._codes = codes
        """(n, 3): the speaker's and the label's index, and the take."""

    @classmethod
    def of(cls, recordings: Iterable[Recording]) -> "Recordings":
        """Return recordings, of which one at a time is asked for, as columns."""
        if isinstance(recordings, Recordings):
            return recordings
        speakers: dict[tuple[str, str], int] = {}
        labels: dict[str, int] = {}
        codes = array("i")
        for corpus, label, speaker, take in recordings:
            codes.append(speakers.setdefault((corpus, speaker), len(speakers)))
            codes.append(labels.setdefault(label, len(labels)))
            codes.append(take)
        return cls([*speakers], [*labels], np.array(codes, np.int32).reshape(-1, 3))

    @classmethod
    def joined(cls, parts: Sequence["Recordings"]) -> "Recordings":
        """Return the recordings of all parts, one part after the other."""
        speakers: dict[tuple[str, str], int] = {}
        labels: dict[str, int] = {}
        codes = np.empty((sum(map(len, parts)), 3), np.int32)
        start = 0
        for part in parts:
            rows = codes[start : start + len(part)]
            rows[:, 0] = _codes(part.speakers, speakers)[part.speaker]
            rows[:, 1] = _codes(part.labels, labels)[part.label]
            rows[:, 2] = part.take
            start += len(part)
        return cls([*speakers], [*labels], codes)

    @property
    def speaker(self) -> NDArray[np.int32]:
        """Which of ``speakers`` says each, (n,)."""
        return self._codes[:, 0]

    @property
    def label(self) -> NDArray[np.int32]:
        """Which of ``labels`` is said in each, (n,)."""
        return self._codes[:, 1]

    @property
    def take(self) -> NDArray[np.int32]:
        """Takes, (n,)."""
        return self._codes[:, 2]

    @property
    def is_word(self) -> NDArray[np.bool_]:
        """Whether a word of the vocabulary is said in each, (n,)."""
        of_label = [Recording("", label, "", 0).is_word for label in self.labels]
        return np.array(of_label, np.bool_)[self.label]

    def by_corpus(self) -> tuple[list[str], NDArray[np.int64]]:
        """Return the corpora of which there are recordings, sorted, and which each is of, (n,)."""
        corpora = sorted({self.speakers[speaker][0] for speaker in self.those_who_speak()})
        number = {corpus: index for index, corpus in enumerate(corpora)}
        of_speaker = [number.get(corpus, -1) for corpus, _ in self.speakers]
        return corpora, np.array(of_speaker, np.int64)[self.speaker]

    def those_who_speak(self) -> list[int]:
        """Return which of ``speakers`` there are recordings of."""
        speakers: list[int] = np.unique(self.speaker).tolist()
        return speakers

    def who(self, speaker: int) -> str:
        """Return one of ``speakers`` as ``Recording.who`` names them."""
        return "/".join(self.speakers[speaker])

    def in_order(self) -> NDArray[np.int64]:
        """Return the indices of all, by corpus and then by name, (n,): as strings are compared."""
        # An underscore ends label and speaker in a name, and neither has one inside. So names
        # compare as their parts do, each with what ends it.
        takes, take = np.unique(self.take, return_inverse=True)
        as_text = np.argsort(np.argsort(takes.astype("S10")))
        speakers = _ranks([f"{speaker}_" for _, speaker in self.speakers])
        labels = _ranks([f"{label}_" for label in self.labels])
        return np.lexsort(
            (as_text[take], speakers[self.speaker], labels[self.label], self.by_corpus()[1])
        )

    def first_equal(self) -> NDArray[np.int64]:
        """Return for each the index of the first one that is the same, (n,)."""
        order = np.lexsort((self.take, self.label, self.speaker))  # stable: the first stays so
        new = np.zeros(len(order), np.bool_)
        new[:1] = True
        for column in (self.speaker, self.label, self.take):
            ordered = column[order]
            new[1:] |= ordered[1:] != ordered[:-1]
        group = np.cumsum(new, dtype=np.int64)
        group -= 1
        first = np.empty(len(order), np.int64)
        first[order] = order[new][group]
        return first

    def find(self, wanted: Sequence[Recording]) -> NDArray[np.int64]:
        """Return where in these each of ``wanted`` is, (k,); -1: nowhere."""
        both = Recordings.joined([self, Recordings.of(wanted)])
        found = both.first_equal()[len(self) :]
        found[found >= len(self)] = -1
        return found

    def __len__(self) -> int:
        return len(self._codes)

    def __iter__(self) -> Iterator[Recording]:
        for start in range(0, len(self), _AT_ONCE):
            for speaker, label, take in self._codes[start : start + _AT_ONCE].tolist():
                corpus, name = self.speakers[speaker]
                yield Recording(corpus, self.labels[label], name, take)

    @overload
    def __getitem__(self, chosen: int) -> Recording: ...
    @overload
    def __getitem__(self, chosen: Chosen) -> "Recordings": ...
    def __getitem__(self, chosen: int | Chosen) -> "Recording | Recordings":
        if isinstance(chosen, slice | np.ndarray):
            return Recordings(self.speakers, self.labels, self._codes[chosen])
        speaker, label, take = self._codes[chosen].tolist()
        corpus, name = self.speakers[speaker]
        return Recording(corpus, self.labels[label], name, take)


class SplitTable(NamedTuple):
    """Recordings, and the subset of each."""

    recordings: Recordings
    subset: NDArray[np.uint8]
    """Where in SUBSETS its subset is, (n,)."""

    def part(self, subset: str) -> Recordings:
        """Return the recordings of a subset, by its name."""
        within: NDArray[np.bool_] = self.subset == SUBSETS.index(subset)
        return self.recordings[within]

    def items(self) -> Iterator[tuple[Recording, str]]:
        """Yield each recording and the name of its subset."""
        return zip(self.recordings, map(SUBSETS.__getitem__, self.subset.tobytes()), strict=True)


def _codes(values: Sequence[T], code_of: dict[T, int]) -> NDArray[np.int32]:
    """Return the codes of values, (k,); those that have none get the next ones."""
    return np.array([code_of.setdefault(value, len(code_of)) for value in values], np.int32)


def _ranks(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return where each text is among them in order, (k,); equal ones in the order they come."""
    ranks = np.empty(len(texts), np.int64)
    ranks[sorted(range(len(texts)), key=texts.__getitem__)] = np.arange(len(texts))
    return ranks
