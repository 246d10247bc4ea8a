"""The contact sheet: rows of speakers, columns of digits, in their places."""

import numpy as np
import pytest

from spoken_digits.picture.contact_sheet import MOST_SPEAKERS, contact_sheet
from spoken_digits.picture.convert import png
from spoken_digits.recording import Recording
from spoken_digits.shards import write_shard

DIGITS = "0123456789"


def make(root, corpora):
    """Write shards of flat pictures whose grey is 10 x row of the speaker + digit + 40."""
    shards = {}
    for corpus, speakers in corpora.items():
        for row, (speaker, digits) in enumerate(speakers.items()):
            recordings = [
                Recording(corpus, digit, speaker, take) for digit in digits for take in (3, 11)
            ]
            path = root / corpus / f"{speaker}.zip"
            write_shard(
                path,
                [
                    (one.png, png(np.full((100, 100), grey(row, one), np.uint8)))
                    for one in recordings
                ],
            )
            shards[path] = recordings
    return shards


def grey(row, recording):
    return 40 + 10 * (row % 12) + int(recording.label) if recording.take == 3 else 250


def tiles(sheet):
    """Return the grey of every 100x100 tile, row by row, found by its flat inside."""
    width, height = 106, 106
    top, left = sheet.shape[0] - 16, sheet.shape[1] - 16
    rows = [
        [sheet[y - 100 : y, x - 100 : x] for x in range(left - 9 * width, left + 1, width)]
        for y in range(top, 100, -height)
    ]
    return rows[::-1]


def test_each_tile_is_the_lowest_take_of_its_digit_and_speaker(tmp_path):
    shards = make(tmp_path, {"fsdd": {"anna": "0123456789", "ben": "0123456789"}})
    sheet = contact_sheet(shards, DIGITS)
    for row, line in enumerate(tiles(sheet)):
        for digit, tile in enumerate(line):
            assert (tile == 40 + 10 * row + digit).all()


def test_a_missing_digit_is_an_empty_frame(tmp_path):
    sheet = contact_sheet(make(tmp_path, {"folder": {"anna": "012", "ben": "0123456789"}}), DIGITS)
    (anna, ben) = tiles(sheet)
    assert (anna[2] == 42).all()
    assert (anna[3][1:-1, 1:-1] == 255).all()
    assert (anna[3][0] < 255).all()
    assert (ben[3] == 53).all()


def test_rows_and_columns_are_labelled(tmp_path):
    sheet = contact_sheet(make(tmp_path, {"fsdd": {"a": "0123456789", "b": "0123456789"}}), DIGITS)
    captions = sheet[-(2 * 106 + 10) :, :180]
    assert (captions[:106] < 128).any()
    assert (captions[106:] < 128).any()
    assert all((sheet[40:70, x : x + 100] < 128).any() for x in range(192, 1_200, 106))


def test_many_speakers_of_many_corpora_share_the_rows(tmp_path):
    many = {f"s{number:03}": "1" for number in range(40)}
    few = {"zoe": "1"}
    shards = make(tmp_path, {"espeak": many, "folder": few})
    sheet = contact_sheet(shards, DIGITS)
    assert len(tiles(sheet)) == MOST_SPEAKERS
    shown = [int(line[1][0, 0]) for line in tiles(sheet)]
    assert shown == [41 + 10 * (row * 40 // 11 % 12) for row in range(11)] + [41]


@pytest.mark.parametrize("count", [1, 5, MOST_SPEAKERS])
def test_few_speakers_are_all_shown(tmp_path, count):
    speakers = {f"s{number}": "0" for number in range(count)}
    assert len(tiles(contact_sheet(make(tmp_path, {"fsdd": speakers}), DIGITS))) == count


@pytest.mark.parametrize("count", [2, 10, 60])
def test_a_column_a_word_of_the_vocabulary(tmp_path, count):
    labels = [f"word-{number}" for number in range(count)]
    path = tmp_path / "folder" / "anna.zip"
    recordings = [Recording("folder", label, "anna", 0) for label in labels]
    flat = [np.full((100, 100), 40 + number, np.uint8) for number in range(count)]
    write_shard(path, [(one.png, png(grey)) for one, grey in zip(recordings, flat, strict=True)])
    sheet = contact_sheet({path: recordings}, labels)
    left = sheet.shape[1] - 16 - 106 * count + 6
    assert left == 192
    for number in range(count):
        x = left + 106 * number
        assert (sheet[-116:-16, x : x + 100] == 40 + number).all()
        assert (sheet[40:70, x : x + 100] < 128).any(), "a label above each"


def test_a_vocabulary_in_its_order_and_words_outside_it_nowhere(tmp_path):
    path = tmp_path / "folder" / "anna.zip"
    greys = {"no": 50, "yes": 60, "other-go": 70}
    recordings = [Recording("folder", label, "anna", 0) for label in greys]
    write_shard(
        path,
        [(one.png, png(np.full((100, 100), greys[one.label], np.uint8))) for one in recordings],
    )
    sheet = contact_sheet({path: recordings}, ["yes", "no"])
    assert [int(sheet[-50, x]) for x in (200, 306)] == [60, 50]
    assert not (sheet == 70).all(axis=0).any()
    assert sheet.shape[1] == 192 + 206 + 16


@pytest.mark.parametrize("length", [6, 15, 30])
def test_a_long_label_stays_above_its_own_pictures(tmp_path, length):
    labels = ["w" * length, "no"]
    path = tmp_path / "folder" / "anna.zip"
    recordings = [Recording("folder", "no", "anna", 0)]
    write_shard(path, [(recordings[0].png, png(np.zeros((100, 100), np.uint8)))])
    sheet = contact_sheet({path: recordings}, labels)
    heading = sheet[45:72]  # below the legend
    assert (heading[:, 192:292] < 128).any()
    assert (heading[:, :190] == 255).all()
    assert (heading[:, 294:300] == 255).all()


def test_a_long_name_does_not_run_into_the_pictures(tmp_path):
    name = "a-speaker-whose-name-is-quite-long"
    sheet = contact_sheet(make(tmp_path, {"folder": {name: "0123456789"}}), DIGITS)
    assert (sheet[80:, 181:192] == 255).all()
    assert (sheet[80:, :8] == 255).all()
