"""What the corpora of English digits share: their recordings under the vocabulary's labels."""

from spoken_digits.corpora.registry import can_give
from spoken_digits.errors import UserError
from spoken_digits.recording import Recording, RecordingNameError
from spoken_digits.vocabulary import Vocabulary, digits

_WORDS = {word.label: word.said[0] for word in digits("en").words}
ENGLISH_DIGITS = tuple(_WORDS.values())
"""zero, one, ..., nine."""


def check_has_digits(corpus: str, vocabulary: Vocabulary) -> None:
    """Raise UserError if a vocabulary has no English digit, so that the corpus would be no use."""
    if not any(can_give(corpus, word, vocabulary.language) for word in vocabulary.words):
        raise UserError(
            f"{corpus} holds the ten English digits, and the vocabulary has none of them: "
            f"{', '.join(vocabulary.labels)}. Use espeak or pico (any word), speech_commands (its "
            "35 words) or folder"
        )


def relabelled(recording: Recording, vocabulary: Vocabulary) -> Recording:
    """Return a recording whose label is a digit, "7", with the vocabulary's label for "seven".

    A digit outside the vocabulary is ``other-seven``. Raises RecordingNameError if it is no digit.
    """
    if recording.label not in _WORDS:
        raise RecordingNameError(f"{recording.name}: {recording.label} is no digit")
    return recording._replace(label=vocabulary.label_of(_WORDS[recording.label]))
