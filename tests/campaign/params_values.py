"""Values of every key of params.yaml: a program runs with one, or refuses it by name."""

import math
import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from campaign import places, programs
from campaign.rule import Outcome, Try, judge
from machine import tree
from projects import ROOT

from spoken_digits.corpora import fetch
from spoken_digits.params import parse_yaml

VALUES: tuple[Any, ...] = (
    None, "", " ", "x", "é\u202e", "a" * 5000, "../../etc/passwd", "/dev/zero", "a\nb", "-", "nan",
    0, 1, 2, -1, 10**6, 10**30, 0.5, -0.5, 1e-30, 1e300, math.inf, -math.inf, math.nan,
    True, False, [], [None], [0], ["x", "x"], ["fsdd"], ["espeak"], [[]], {}, {"a": 1}, "1", "1e3",
)  # fmt: skip
"""What people, editors and other programs write."""
A_KEY = 8
"""Of them that each key gets, and two random numbers."""
FOUND = "metrics/validate.json"
READERS = {
    "spectrogram": ("spectrogram.py", "--workers", "1"),
    "split": ("split.py",),
    "validate": ("validate.py", "--workers", "1"),
    "live": ("predict_live.py", "3_anna_0.wav"),
    "train": ("split.py",),
    "evaluate": ("split.py",),
}
"""What is run after a change in a section; else the stage download. Nothing is trained."""
ARCHIVES = ("audiomnist", "fsdd", "speech_commands", "an4")
TEXTS = (
    b"", b"\0", b"\xff\xfe", b"vocabulary", b"[", b"{}", b"- 1", b"a: &a [*a]", b"\t", b"null",
    b"!!python/object/apply:os.system ['touch owned']", b"x: 1\nx: 2", b"%YAML 9.9\n---\n",
    b"a: " + b"[" * 5000,
)  # fmt: skip
"""What may be in the file instead."""


def tries(chance: random.Random, top: Path) -> Iterator[Try]:
    """Yield each key with some values, keys that are missing, keys too many, and other files."""
    content = parse_yaml((ROOT / "params.yaml").read_text(encoding="utf-8"))
    for key in keys(content):
        for value in (
            *chance.sample(VALUES, A_KEY),
            chance.uniform(-100, 100),
            chance.randrange(2**40),
        ):
            case = f"{key}: {shortly(value)}"
            yield Try("a value in params.yaml", case, partial(run_with, top, key, value))
        yield Try("a key that is missing", key, partial(run_with, top, key, KeyError))
        yield Try("a key that nobody knows", f"{key}_", partial(run_with, top, f"{key}_", 1))
    for text in TEXTS:
        yield Try("another params.yaml", repr(text[:40]), partial(run_with_text, top, text))
    for size in sorted(chance.sample(range(7000), 20)):
        whole = (ROOT / "params.yaml").read_bytes()
        case = f"cut after {size} of {len(whole)} bytes"
        yield Try("another params.yaml", case, partial(run_with_text, top, whole[:size]))


def keys(content: dict[str, Any], above: str = "") -> Iterator[str]:
    """Yield sections and keys, dots for levels."""
    for name, value in content.items():
        yield above + name
        if isinstance(value, dict):
            yield from keys(value, f"{above}{name}.")


def run_with(top: Path, key: str, value: object, folder: Path) -> Outcome:
    """Set a key, or leave it out, and run what reads it."""
    project = places.copy(places.with_data(top), folder)
    path = project / "params.yaml"
    content = parse_yaml(path.read_text(encoding="utf-8"))
    for corpus in ARCHIVES:
        content["download"][corpus]["archive"] = "nowhere.zip"
    *sections, last = key.split(".")
    section = content
    for name in sections:
        section = section[name]
    if value is KeyError:
        section.pop(last)
    else:
        section[last] = value
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    script, *options = READERS.get(key.partition(".")[0], ("download.py",))
    return refuse_or_run(project, script, options, last.rstrip("_"))


def run_with_text(top: Path, text: bytes, folder: Path) -> Outcome:
    """Write something else into the file, and run a stage."""
    project = places.copy(places.with_data(top), folder)
    (project / "params.yaml").write_bytes(text)
    return refuse_or_run(project, "split.py", [], "params.yaml")


def refuse_or_run(project: Path, script: str, options: list[str], name: str) -> Outcome:
    """Run a script: it works, or names the key."""
    (project / "3_anna_0.wav").write_bytes((project / "recordings/3_anna_0.wav").read_bytes())
    before = tree(project)

    def short_waits() -> None:
        fetch.FIRST_WAIT_S = 0.01

    done = programs.run(script, *options, project=project, first=short_waits)
    outcome = judge(done, project, before, names=name)
    refused_data = "data tests failed" in done.err  # what was found is written all the same
    if refused_data and outcome.lost == [FOUND] and len(outcome.wrong) == 1:  # what it said
        outcome = outcome._replace(wrong=[], lost=[])
    if (project / "owned").exists():
        outcome.wrong.append("params.yaml was executed")
    return outcome


def shortly(value: object) -> str:
    """Return a value as text that fits into a line."""
    text = "missing" if value is KeyError else repr(value)
    return text if len(text) < 40 else f"{text[:40]}..."
