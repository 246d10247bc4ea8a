"""Speech Commands' official split, by speaker: the rule that its README publishes."""

import hashlib
from typing import Literal

VALIDATION_PERCENT = TEST_PERCENT = 10
_MOST = 2**27 - 1  # MAX_NUM_WAVS_PER_CLASS of the README


def official_subset(speaker: str) -> Literal["train", "validation", "test"]:
    """Return the official subset of a speaker, as the corpus writes it, for example "004ae714".

    It is the function which_set of the corpus's README (P. Warden, arXiv:1804.03209), with the
    shares that validation_list.txt and testing_list.txt were made with: the SHA-1 of the speaker,
    as a share of 2**27 - 1, of which the first 10% validate and the next 10% are tested.
    """
    hashed = int(hashlib.sha1(speaker.encode(), usedforsecurity=False).hexdigest(), 16)
    percent = hashed % (_MOST + 1) * (100 / _MOST)
    if percent < VALIDATION_PERCENT:
        return "validation"
    return "test" if percent < VALIDATION_PERCENT + TEST_PERCENT else "train"
