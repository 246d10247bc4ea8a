"""The report: everything in one file, the same bytes for the same inputs."""

import base64
import json
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pytest
import yaml
from support import split_of

from spoken_digits.dataset.split_file import write_split
from spoken_digits.errors import UserError
from spoken_digits.evaluation import report_page
from spoken_digits.evaluation.digests import digest
from spoken_digits.evaluation.plots_folder import draw
from spoken_digits.evaluation.predictions import Prediction, write_predictions
from spoken_digits.evaluation.reported_metrics import MEANING, rounded, summarise
from spoken_digits.evaluation.robustness import NOISES, SNRS_DB
from spoken_digits.params import load_params
from spoken_digits.picture.convert import Conversion, convert_shard, png
from spoken_digits.recording import Recording
from spoken_digits.shards import write_shard
from spoken_digits.sound.decode import read_wav, wav_bytes
from spoken_digits.vocabulary import digits

DIGITS = digits().labels
CURVES = {"validation_loss": [2.0, 1.0]}
SUBSETS = {"anna": "train", "ben": "validation", "carl": "test"}


def chord(digit: int, seconds: float) -> bytes:
    time = np.arange(round(seconds * 8000)) / 8000
    return wav_bytes((9000 * np.sin(2 * np.pi * 200 * 1.3**digit * time)).astype(np.int16), 8000)


def make_project(root, wrong: int, others: int) -> None:
    """Lay out what the report reads: carl's digits are tested, ``wrong`` of 20 heard wrongly."""
    subsets, predictions = {}, []
    for speaker, subset in SUBSETS.items():
        said = [(str(digit), take) for digit in range(10) for take in range(2)]
        said += [("other-bed", take) for take in range(others)]
        recordings = [Recording("folder", label, speaker, take) for label, take in said]
        raw = root / "data" / "raw" / "folder" / f"{speaker}.zip"
        write_shard(raw, [(one.name, chord(len(one.name) % 10, 0.4)) for one in recordings])
        pictures = root / "data" / "spectrograms" / "folder" / f"{speaker}.zip"
        convert_shard(Conversion(raw, pictures, load_params().spectrogram))
        subsets |= dict.fromkeys(recordings, subset)
    write_split(root / "data" / "split.csv", split_of(subsets))
    tested = [recording for recording, subset in subsets.items() if subset == "test"]
    for index, recording in enumerate(tested):
        right = recording.label if recording.is_word else "8"
        heard = str((int(right) + 1) % 10) if index < wrong else right
        predictions.append(Prediction(recording, heard, 0.9 - index / 100, index))
    (root / "data" / "spectrograms" / "contact-sheet.png").write_bytes(
        png(np.arange(100, dtype=np.uint8).repeat(100).reshape(100, 100))
    )
    likely = np.full((len(predictions), 11), 0.05, dtype=np.float32)
    summary = summarise(predictions, likely, DIGITS, 0.05)
    conditions = [f"{noise}_{snr}" for noise in NOISES for snr in SNRS_DB] + [
        *report_page.CONDITIONS
    ]
    summary["robustness"] = {"n": 20, "clean": 0.9, "mean": 0.6} | dict.fromkeys(conditions, 0.5)
    summary["cost"] = {"parameters": 176_253, "multiply_adds": 13_522_192, "bytes": 359_208}
    images = np.zeros((len(predictions), 100, 100), np.uint8)
    draw(root / "metrics" / "plots", predictions, likely, images, summary, CURVES, DIGITS)
    write_predictions(root / "metrics" / "predictions.csv", predictions)
    (root / "metrics" / "evaluate.json").write_text(json.dumps(rounded(summary)))
    found = {"failed_checks": 0, "recordings": 60, "hours": 0.01, "found": {"silent": 2}}
    (root / "metrics" / "validate.json").write_text(json.dumps(found))
    exported = {"bytes": 1200, "checked_recordings": 20, "largest_probability_difference": 1e-6}
    (root / "metrics" / "export.json").write_text(json.dumps(exported))
    (root / "models").mkdir()
    for name in ("digits.onnx", "digits.safetensors"):
        (root / "models" / name).write_bytes(name.encode() * 100)
    shutil.copy("params.yaml", root)
    (root / "requirements.txt").write_text("-c constraints.txt\n\nnumpy==2.4.6  # arrays\n# x==1\n")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root = tmp_path_factory.mktemp("report")
    make_project(root, wrong=14, others=2)
    return root


@pytest.fixture(scope="module")
def page(project) -> str:
    return report_page.build_report(project)


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data

    def of(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.found if tag == name]


def test_it_needs_no_network_and_no_script(page):
    tags = Tags(page)
    assert not tags.of("script")
    assert not tags.of("link")
    for _, attributes in tags.found:
        for key in ("src", "href"):
            value = attributes.get(key) or "#"
            assert value.startswith(("#", "data:")), value[:80]
    assert not re.search(r"@import|url\(|srcset|style=[^>]*background", page)


def test_every_link_has_its_place(page):
    tags = Tags(page)
    places = {attributes.get("id") for _, attributes in tags.found}
    assert {(link["href"] or "")[1:] for link in tags.of("a")} <= places


def test_every_picture_is_inside_and_says_what_it_is(page, project):
    pictures = Tags(page).of("img")
    assert all(picture["alt"] for picture in pictures)
    inside = {base64.b64decode((one["src"] or "").partition(",")[2]) for one in pictures}
    drawn = {path.read_bytes() for path in (project / "metrics" / "plots").glob("*.png")}
    mistakes = (project / "metrics" / "plots" / "mistakes.png").read_bytes()
    assert drawn - {mistakes} <= inside  # the mistakes are there one by one


def test_the_worst_mistakes_can_be_heard_and_are_bounded(page):
    players = Tags(page).of("audio")
    assert len(players) == report_page.MISTAKES < 14
    samples, rate = read_wav(base64.b64decode((players[0]["src"] or "").partition(",")[2]))
    assert (len(samples), rate) == (16_000, 16_000)
    assert np.abs(samples).max() > 5000
    text = " ".join(Tags(page).text.split())
    assert "14 of 20 test digits were heard wrongly" in text
    assert "said 0, heard 1 (90.0%) folder/0_carl_0.wav" in text


@pytest.mark.parametrize(
    "words",
    [
        "30.00%",  # 6 of 20
        "95% interval 14.55% to 51.90%",
        "Model card",
        "recordings of your own",
        "0 heard as 1: 2 of 2",
        "bed: 70%",
        "2 silent",
        "the same digit as the PyTorch model in each of 20 test recordings",
        "nobody who is tested was heard in training",
        "With 0.05, as in params.yaml, 30.00% of the test digits are claimed as what was said",
        "100.00% of 2 other words are claimed to be digits",
        "other words claimed 1%none 2%none 5%none",
    ],
)
def test_it_says(page, words):
    assert words in " ".join(Tags(page).text.split())


def test_fingerprints_versions_params_and_meanings_are_there(page, project):
    text = Tags(page).text
    for path in report_page.FINGERPRINTED:
        assert digest(project / path) in text
    assert report_page._versions("numpy==2.4.6  # arrays\n# x==1\n") == {"numpy": "2.4.6"}
    assert "2.4.6" in text
    assert "train.learning_rate" in text
    for key, meaning in MEANING.items():
        assert key in text
        assert meaning in text


def test_the_same_inputs_give_the_same_bytes(page, project):
    assert report_page.build_report(project) == page


def test_it_lists_the_digits_and_what_is_said_for_them(page):
    text = " ".join(Tags(page).text.split())
    assert "Spoken digits: which digit is said in a recording" in text
    assert "which of these 10 digits is said" in text
    assert "0 (zero), 1 (one), 2 (two)," in text


def test_it_says_which_words_it_is_about(project, tmp_path):
    """They are params.yaml's."""
    root = shutil.copytree(project, tmp_path / "project")
    params = yaml.safe_load((root / "params.yaml").read_text())
    params["vocabulary"] = ["yes", "lights-on=lights on|turn on the lights", "on"]
    (root / "params.yaml").write_text(yaml.safe_dump(params))
    page = report_page.build_report(root)
    text = " ".join(Tags(page).text.split())
    for words in (
        "Spoken words: which word is said in a recording",
        "20 test words by 1 speakers",
        "which of these 3 words is said",
        "yes, lights-on (lights on, turn on the lights), on.",
        "Which words it mistakes for which",
        "14 of 20 test words were heard wrongly",
        "of other words taken for words",
    ):
        assert words in text
    assert not re.search(r"\bdigits?\b", text.partition("To get the same again")[0])


def test_without_mistakes_and_other_words_it_shows_the_least_certain(tmp_path):
    make_project(tmp_path, wrong=0, others=0)
    page = report_page.build_report(tmp_path)
    text = " ".join(Tags(page).text.split())
    assert "Where it was least certain" in text
    assert "said 9, heard 9 (71.0%) folder/9_carl_1.wav" in text
    assert "No other words were tested" in text
    assert "are claimed to be digits" not in text
    assert "other words claimed 1%0.05 2%0.05 5%0.05" in text
    assert "No test speaker is understood worse" in text


@pytest.mark.parametrize(
    "missing", ["metrics/evaluate.json", "metrics/predictions.csv", "metrics/plots/noise.png"]
)
def test_what_is_missing_is_named(project, tmp_path, missing):
    root = shutil.copytree(project, tmp_path / "project")
    (root / missing).unlink()
    with pytest.raises(UserError, match=rf"{missing}: .*dvc repro"):
        report_page.build_report(root)


def test_names_cannot_become_markup(project, tmp_path):
    root = shutil.copytree(project, tmp_path / "project")
    path = root / "metrics" / "evaluate.json"
    summary = json.loads(path.read_text())
    summary["speaker"]["worst_name"] = "folder/<script>alert(1)</script>"
    path.write_text(json.dumps(summary))
    assert not Tags(report_page.build_report(root)).of("script")
