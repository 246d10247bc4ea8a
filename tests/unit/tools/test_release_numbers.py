"""make release-numbers: the folder that it works in belongs to one set of params and weights."""

import shutil

import pytest
import release_numbers
import yaml
from projects import ROOT, set_params

from spoken_digits.errors import UserError
from spoken_digits.export import released
from spoken_digits.export.released import ReleaseError
from spoken_digits.params import ParamsError, load_params

FOLDER = release_numbers.FOLDER


@pytest.fixture
def project(tmp_path, monkeypatch):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    (tmp_path / released.FOLDER).mkdir(parents=True)
    for path in (released.MODEL, released.WEIGHTS, released.ABOUT):
        shutil.copy(ROOT / path, tmp_path / path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_folder_has_the_params_of_a_release_and_the_released_weights(project):
    params = release_numbers.prepare(FOLDER)
    assert yaml.safe_load((FOLDER / "params.yaml").read_text(encoding="utf-8")) == params
    made = load_params(FOLDER / "params.yaml")
    assert made.sequence.corpora == ("espeak", "pico", "an4")
    assert made.train.threads == 1
    assert (FOLDER / release_numbers.START).read_bytes() == released.WEIGHTS.read_bytes()
    assert release_numbers.prepare(FOLDER) == params  # a killed run goes on


def test_a_folder_of_other_params_is_not_touched(project):
    release_numbers.prepare(FOLDER)
    before = (FOLDER / "params.yaml").read_bytes()
    set_params(project, {"sequence.takes": 3})
    with pytest.raises(UserError) as caught:
        release_numbers.prepare(FOLDER)
    assert str(caught.value) == (
        "numbers.partial/params.yaml: numbers.partial is trained with other params than there "
        "would be now. Put params.yaml back as it was, or begin anew: rm -r numbers.partial"
    )
    assert (FOLDER / "params.yaml").read_bytes() == before


def test_a_folder_of_other_weights_is_not_gone_on_with(project):
    release_numbers.prepare(FOLDER)
    (FOLDER / release_numbers.START).write_bytes(b"of the release before")
    words = (
        r"numbers\.partial/models/digits\.safetensors: numbers\.partial is trained from other "
        r"weights than models/released/digits\.safetensors has now\. Begin anew: rm -r numbers\.p"
    )
    with pytest.raises(UserError, match=words):
        release_numbers.prepare(FOLDER)


def test_params_that_are_wrong(project):
    set_params(project, {"sequence.takes": 0})
    with pytest.raises(ParamsError, match=r"params\.yaml: sequence\.takes: 0 is not allowed"):
        release_numbers.prepare(FOLDER)
    assert not FOLDER.exists()


def test_without_the_released_weights(project):
    released.WEIGHTS.unlink()
    with pytest.raises(ReleaseError, match=r"digits\.safetensors: not there\. .*git checkout"):
        release_numbers.prepare(FOLDER)
    assert not FOLDER.exists()


@pytest.mark.parametrize("content", [None, "", "{}", "[]"])
def test_a_table_of_metrics_that_are_not_there(project, content):
    if content is not None:
        released.NUMBERS_ABOUT.write_text(content, encoding="utf-8")
    with pytest.raises(ReleaseError) as caught:
        release_numbers.released_metrics()
    assert str(caught.value) == (
        "models/released/numbers.json: not there, or damaged. Take it from Git: git checkout "
        "models/released/numbers.json"
    )
