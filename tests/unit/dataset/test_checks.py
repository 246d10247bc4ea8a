"""Data tests find what is planted, name it, and leave good data alone."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from support import split_of

from spoken_digits.dataset.checks import (
    Facts,
    Finding,
    Look,
    as_metrics,
    explain,
    facts_key,
    join_facts,
    keep_facts,
    known_facts,
    run_checks,
    shard_facts,
)
from spoken_digits.dataset.table import Recordings
from spoken_digits.params import Split, Validate, load_params
from spoken_digits.picture.convert import Conversion, convert_shard
from spoken_digits.recording import Recording, parse_name
from spoken_digits.shards import write_shard
from spoken_digits.sound.decode import RecordingError, read_wav, wav_bytes

SPEAKERS = {"anna": "train", "ben": "train", "carl": "train", "dora": "validation", "eve": "test"}
PARAMS = load_params()
BOUNDS = PARAMS.validate_.model_copy(update={"min_per_word": 2})
SPLIT = PARAMS.split
DIGITS = PARAMS.words.labels


class Data:
    """Five speakers who say each digit twice, at 16 kHz, split by speaker."""

    def __init__(self, tmp_path, recordings) -> None:
        self.root = tmp_path
        self.wavs: dict[str, bytes] = recordings(*SPEAKERS, takes=2)
        recordings_there = [parse_name("folder", name) for name in sorted(self.wavs)]
        self.subsets = {one: SPEAKERS[one.speaker] for one in recordings_there}
        self.labels: dict[Recording, str] = {}  # that data/split.csv lists and names do not say

    def facts(self) -> Facts:
        raw, pictures = self.root / "raw/folder/all.zip", self.root / "png/folder/all.zip"
        write_shard(raw, self.wavs.items())
        convert_shard(Conversion(raw, pictures, PARAMS.spectrogram))
        return shard_facts(Look(raw, pictures))

    def findings(self, bounds: Validate = BOUNDS, split: Split = SPLIT) -> dict[str, Finding]:
        table = split_of(self.subsets)
        found = run_checks(table, self.labels.items(), self.facts(), bounds, split, DIGITS)
        return {finding.check: finding for finding in found}

    def failed(self, bounds: Validate = BOUNDS, split: Split = SPLIT) -> dict[str, Finding]:
        return {name: one for name, one in self.findings(bounds, split).items() if one.failed}

    def rename(self, old: str, new: str) -> None:
        self.wavs[new] = self.wavs.pop(old)
        self.subsets[parse_name("folder", new)] = self.subsets.pop(parse_name("folder", old))

    def move(self, name: str, subset: str) -> None:
        self.subsets[parse_name("folder", name)] = subset


def samples_of(wav: bytes) -> NDArray[np.int16]:
    return read_wav(wav)[0].copy()


@pytest.fixture
def data(tmp_path, recordings: Callable[..., dict[str, bytes]]) -> Data:
    return Data(tmp_path, recordings)


def bounds(**changes: float) -> Validate:
    return BOUNDS.model_copy(update=changes)


def test_good_data_pass_every_test(data):
    findings = data.findings()
    assert len(findings) == 19
    assert {name: one.number for name, one in findings.items() if one.number} == {}


def test_a_leaked_speaker_is_named(data):
    data.move("4_anna_1.wav", "test")
    finding = data.failed()["speakers_across_subsets"]
    assert finding.offenders == ("folder/anna is in train and test",)
    assert "a leak: the split keeps speakers apart" in finding.meaning


@pytest.mark.parametrize("scheme", ["random", "takes"])
def test_speakers_may_cross_where_the_split_says_so(data, scheme):
    data.move("4_anna_1.wav", "test")
    split = SPLIT.model_copy(update={"scheme": scheme})
    assert "speakers_across_subsets" not in data.failed(split=split)
    assert data.findings(split=split)["speakers_across_subsets"].number == 1


def test_a_speaker_left_out_may_not_cross_in_any_scheme(data):
    data.move("4_eve_1.wav", "train")
    split = SPLIT.model_copy(update={"scheme": "random", "leave_out": ("folder/eve",)})
    assert "speakers_across_subsets" in data.failed(split=split)


def test_a_corpus_left_out_is_tested_with_the_words_that_it_has(data):
    data.subsets = {one: of for one, of in data.subsets.items() if of != "test" or one.label == "4"}
    data.wavs = {one.name: data.wavs[one.name] for one in data.subsets}
    assert set(data.failed()) == {"few_of_a_digit", "skewed_subsets"}
    split = SPLIT.model_copy(update={"leave_out": ("folder",)})
    assert data.failed(split=split) == {}
    data.subsets = {one: of for one, of in data.subsets.items() if of == "test" or one.label != "7"}
    data.wavs = {one.name: data.wavs[one.name] for one in data.subsets}
    assert set(data.failed(split=split)) == {"few_of_a_digit", "skewed_subsets"}


@pytest.mark.parametrize("scheme", ["random", "takes"])
def test_beside_a_speaker_left_out_the_others_may_train_and_validate(data, scheme):
    split = SPLIT.model_copy(update={"scheme": scheme, "leave_out": ("folder/eve",)})
    data.move("4_anna_1.wav", "validation")
    assert "speakers_across_subsets" not in data.failed(split=split)
    data.move("4_anna_1.wav", "test")
    finding = data.failed(split=split)["speakers_across_subsets"]
    assert finding.offenders == ("folder/anna is in train and test",)


def test_a_speaker_of_the_same_name_in_another_corpus_is_another(data):
    facts = data.facts()
    others = [one._replace(corpus="fsdd") for one in facts.recordings]
    columns = facts.columns.copy()
    columns["digest"] = [one.name.encode() for one in others]
    both = join_facts([facts, Facts(Recordings.of(others), columns)])
    table = split_of(data.subsets | dict.fromkeys(others, "test"))
    found = {one.check: one for one in run_checks(table, [], both, BOUNDS, SPLIT, DIGITS)}
    assert not found["missing_recordings"].number
    assert not found["speakers_across_subsets"].number


def test_a_duplicate_across_subsets_is_named_with_its_twin(data):
    data.wavs["7_eve_0.wav"] = data.wavs["7_anna_1.wav"]
    finding = data.failed()["duplicates_across_subsets"]
    assert finding.offenders == ("folder/7_anna_1.wav (train) = folder/7_eve_0.wav (test)",)


def test_a_duplicate_in_one_subset_is_noted_only(data):
    data.wavs["7_ben_0.wav"] = data.wavs["7_anna_1.wav"]
    assert data.failed() == {}
    assert data.findings()["duplicates"].offenders == ("folder/7_anna_1.wav = folder/7_ben_0.wav",)


def test_the_same_sound_under_two_labels_is_named(data):
    data.wavs["3_anna_0.wav"] = data.wavs["8_anna_0.wav"]
    finding = data.failed()["duplicates_across_labels"]
    assert finding.offenders == ("folder/3_anna_0.wav (3) = folder/8_anna_0.wav (8)",)


def test_silence_is_named_with_its_level(data):
    data.wavs["5_carl_0.wav"] = wav_bytes(np.zeros(8000, np.int16), 16_000)
    data.wavs["6_carl_0.wav"] = wav_bytes(np.full(8000, 3, np.int16) - np.arange(8000) % 2, 16_000)
    finding = data.failed()["silent"]
    assert finding.offenders == (
        "folder/5_carl_0.wav: -inf dBFS",
        "folder/6_carl_0.wav: -80.8 dBFS",
    )
    assert "validate.max_silent_percent, 1% of 100" in finding.meaning


def test_a_bound_is_passed_by_more_than_it(data):
    data.wavs["5_carl_0.wav"] = wav_bytes(np.zeros(8000, np.int16), 16_000)
    assert not data.findings(bounds(max_silent_percent=1))["silent"].failed
    assert data.findings(bounds(max_silent_percent=0.9))["silent"].failed


def test_three_percent_clipped_are_found_and_named(data):
    for name in ("1_anna_0.wav", "2_dora_1.wav", "9_eve_0.wav"):
        loud = samples_of(data.wavs[name]) * 8.0
        data.wavs[name] = wav_bytes(np.clip(loud, -32768, 32767).astype(np.int16), 16_000)
    finding = data.failed()["clipped"]
    assert finding.offenders == ("folder/1_anna_0.wav", "folder/2_dora_1.wav", "folder/9_eve_0.wav")
    assert not data.findings(bounds(max_clipped_percent=3))["clipped"].failed


@pytest.mark.parametrize(("samples", "found"), [(80, 0), (81, 1)])
def test_up_to_a_hundredth_of_samples_at_full_scale_is_no_clipping(data, samples, found):
    sound = samples_of(data.wavs["1_anna_0.wav"])  # 8000 samples
    sound[100 : 100 + samples] = 32767
    data.wavs["1_anna_0.wav"] = wav_bytes(sound, 16_000)
    assert data.findings()["clipped"].number == found


def test_a_digit_folder_with_another_digits_name_is_found(data):
    for take in (0, 1):
        data.rename(f"3_ben_{take}.wav", f"8_ben_{take + 2}.wav")
    finding = data.failed()["uneven_speakers"]
    assert finding.offenders == ("folder/ben says 3 never, but 8 4 times",)
    assert finding.meaning.endswith("mislabelled?")


def test_a_digit_mislabelled_throughout_is_found_by_the_counts(data):
    for speaker in SPEAKERS:
        for take in (0, 1):
            data.rename(f"3_{speaker}_{take}.wav", f"8_{speaker}_{take + 2}.wav")
    failed = data.failed()
    assert "train: digit 3 has 0 recordings" in failed["few_of_a_digit"].offenders
    assert failed["skewed_subsets"].offenders[0] == ("test: 4 recordings of digit 8, 0 of digit 3")


def said_by_all(**takes: int) -> dict[Recording, str]:
    """Let every speaker say words, keys with _ for a hyphen, so many times each."""
    return {
        Recording("folder", label.replace("_", "-"), speaker, take): subset
        for speaker, subset in SPEAKERS.items()
        for label, count in takes.items()
        for take in range(count)
    }


def findings_of(subsets: dict[Recording, str], *words: str) -> dict[str, Finding]:
    found = run_checks(split_of(subsets), [], join_facts([]), BOUNDS, SPLIT, words)
    return {one.check: one for one in found}


def test_few_of_a_word_are_named_by_subset():
    found = findings_of(said_by_all(yes=2, no=1, lights_on=2), "yes", "no", "lights-on", "stop")
    assert "few_of_a_digit" not in found
    few = found["few_of_a_word"]
    assert few.failed
    assert few.offenders == (
        "test: word no has 1 recordings",
        "test: word stop has 0 recordings",
        "train: word stop has 0 recordings",
        "validation: word no has 1 recordings",
        "validation: word stop has 0 recordings",
    )
    assert few.meaning == "fewer than validate.min_per_word, 2"
    assert found["skewed_subsets"].offenders[0] == "test: 2 recordings of word yes, 0 of word stop"


def test_words_outside_the_vocabulary_are_counted_and_named_and_fail_nothing():
    subsets = said_by_all(yes=2, no=2, other_go=3, other_lights_off=1, other=2)
    subsets |= {Recording("espeak", "other-bed", "v000", take): "train" for take in range(9)}
    finding = findings_of(subsets, "yes", "no")["outside_vocabulary"]
    assert not finding.failed
    assert finding.number == 5 * (3 + 1 + 2)
    assert finding.offenders == (
        "folder: 15 of go",
        "folder: 10 of other",
        "folder: 5 of lights-off",
    ), "synthetic voices are asked for other words: theirs are not worth a word"
    assert finding.meaning == (
        "recordings of words that are not in the vocabulary: they are used as others"
    )


def test_where_all_is_in_the_vocabulary_nothing_is_outside(data):
    finding = data.findings()["outside_vocabulary"]
    assert (finding.number, finding.offenders, finding.failed) == (0, (), False)


def test_a_word_under_another_words_name_is_found():
    subsets = said_by_all(yes=2, no=2)
    for take in (0, 1):
        recording = Recording("folder", "yes", "ben", take)
        subsets[Recording("folder", "no", "ben", take + 2)] = subsets.pop(recording)
    finding = findings_of(subsets, "yes", "no")["uneven_speakers"]
    assert finding.offenders == ("folder/ben says yes never, but no 4 times",)
    assert finding.meaning.startswith("one word lacks")


def test_speakers_of_a_corpus_in_which_digits_lack_anyway_are_not_judged(data):
    kept = {"0": ("anna", "ben"), "1": ("carl", "dora", "eve")}
    data.subsets = {
        one: subset
        for one, subset in data.subsets.items()
        if one.speaker in kept.get(one.label, ())
    }
    assert not data.findings()["uneven_speakers"].number


@pytest.mark.parametrize("who_says_maybe", [["anna"], []])
def test_a_corpus_in_which_one_word_usually_lacks_is_not_judged_by_the_others(who_says_maybe):
    """As in AN4: people say the digits that a number has, and few say zero."""
    subsets = said_by_all(yes=2, no=2)
    subsets[Recording("folder", "no", "ben", 2)] = subsets.pop(Recording("folder", "yes", "ben", 0))
    subsets[Recording("folder", "no", "ben", 3)] = subsets.pop(Recording("folder", "yes", "ben", 1))
    for speaker in who_says_maybe:
        subsets[Recording("folder", "maybe", speaker, 0)] = "train"
    finding = findings_of(subsets, "yes", "no", "maybe")["uneven_speakers"]
    assert finding.number == (0 if who_says_maybe else 1)


def test_a_label_that_is_not_the_names_is_named(data):
    data.labels[Recording("folder", "0", "anna", 0)] = "9"
    finding = data.failed()["wrong_labels"]
    assert finding.offenders == ("folder/0_anna_0.wav is listed as 9",)


def test_recordings_and_split_must_agree(data):
    recording = Recording("folder", "0", "anna", 0)
    data.subsets[recording._replace(take=77)] = data.subsets.pop(recording)
    failed = data.failed()
    assert failed["missing_recordings"].offenders == ("folder/0_anna_77.wav",)
    assert failed["unlisted_recordings"].offenders == ("folder/0_anna_0.wav",)


@pytest.mark.parametrize(
    ("samples", "rate", "check", "says"),
    [
        (600, 8_000, "odd_length", "folder/1_anna_0.wav: 0.075 s"),
        (96_000, 16_000, "odd_length", "folder/1_anna_0.wav: 6.000 s"),
        (4_000, 6_000, "low_sample_rate", "folder/1_anna_0.wav: 6000 Hz"),
    ],
)
def test_odd_lengths_and_rates_are_named(data, samples, rate, check, says):
    sound = np.resize(samples_of(data.wavs["1_anna_0.wav"]), samples)
    data.wavs["1_anna_0.wav"] = wav_bytes(sound, rate)
    assert data.failed()[check].offenders == (says,)


def test_pictures_that_are_grey_all_over_are_named(data):
    for name in ("1_anna_0.wav", "2_anna_0.wav"):
        data.wavs[name] = wav_bytes(np.zeros(8000, np.int16), 16_000)
    assert data.failed()["constant_pictures"].offenders == (
        "folder/1_anna_0.wav",
        "folder/2_anna_0.wav",
    )


def test_a_recording_that_is_no_wav_is_named_with_its_shard(data):
    data.facts()
    raw, pictures = data.root / "raw/folder/all.zip", data.root / "png/folder/all.zip"
    write_shard(raw, [("1_anna_0.wav", b"RIFF")])
    with pytest.raises(RecordingError, match=r"all.zip: 1_anna_0.wav: not a mono PCM"):
        shard_facts(Look(raw, pictures))


def test_ten_offenders_are_named_and_the_rest_counted():
    finding = Finding("silent", True, 12, "too soft", tuple(f"r{n:02}" for n in range(12)))
    lines = explain([finding]).splitlines()
    assert lines[0].strip() == "silent: 12: too soft"
    assert [line.strip() for line in lines[1:11]] == [f"r{n:02}" for n in range(10)]
    assert lines[11].strip() == "and 2 more"


def test_the_findings_are_metrics(data):
    data.wavs["7_eve_0.wav"] = data.wavs["7_anna_1.wav"]
    facts = data.facts()
    table = split_of(data.subsets)
    findings = run_checks(table, [], facts, BOUNDS, SPLIT, DIGITS)
    content = as_metrics(table, facts, findings, DIGITS)
    assert json.loads(json.dumps(content)) == content
    assert content["failed_checks"] == 1
    assert content["recordings"] == 100
    assert content["sample_rate"] == {"16000": 100}
    assert content["subset"]["train"] == {"speakers": 3, "digits": 60, "other_words": 0}
    assert content["found"]["duplicates_across_subsets"] == 1
    assert content["found"]["outside_vocabulary"] == 0
    assert (content["shortest_seconds"], content["longest_seconds"]) == (0.5, 0.5)


def test_the_metrics_count_words_by_what_they_are_called(data):
    words = tuple("01234567")  # eight and nine are no words of it
    outside = {"8": "other-eight", "9": "other-nine"}
    table = split_of({
        one._replace(label=outside.get(one.label, one.label)): subset
        for one, subset in data.subsets.items()
    })  # fmt: skip
    facts = data.facts()
    assert as_metrics(table, facts, [], words)["subset"]["train"] == {
        "speakers": 3,
        "digits": 48,
        "other_words": 12,
    }
    assert as_metrics(table, facts, [], ("yes", *words))["subset"]["test"] == {
        "speakers": 1,
        "words": 16,
        "other_words": 4,
    }


# What is known already is not looked at again


def test_facts_are_kept_as_they_are(tmp_path, recordings):
    wavs = recordings("anna") | {"9_anna_1.wav": wav_bytes(np.zeros(8000, np.int16), 16_000)}
    raw, pictures = tmp_path / "raw/folder/anna.zip", tmp_path / "png/folder/anna.zip"
    write_shard(raw, wavs.items())
    convert_shard(Conversion(raw, pictures, PARAMS.spectrogram))
    look = Look(raw, pictures, facts_key(raw, pictures, "code"))
    assert known_facts(look) is None
    looked = shard_facts(look)
    keep_facts(look, looked)
    known = known_facts(look)
    assert list(known.recordings) == list(looked.recordings)
    assert known.columns.tobytes() == looked.columns.tobytes()
    assert known_facts(look._replace(key=facts_key(raw, pictures, "other code"))) is None
    assert known_facts(Look(raw, pictures)) is None
    write_shard(raw, recordings("anna").items())
    assert facts_key(raw, pictures, "code") != look.key
