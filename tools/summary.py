"""Print the metrics that matter, a line each; `dvc metrics show` has all of them."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))  # where PYTHONPATH does not name it

from spoken_digits.errors import UserError, run_script


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    evaluation, export, latency = (
        read(Path("metrics") / f"{name}.json") for name in ("evaluate", "export", "latency")
    )
    noun = "digit" if "digit" in evaluation else "word"
    word, share = min(evaluation[noun].items(), key=lambda item: item[1])
    speaker, noise = evaluation["speaker"], evaluation["robustness"]
    other = evaluation["rejection"]["accepted_at_5"]
    lines = {
        "accuracy": f"{evaluation['accuracy']:.2%} of {evaluation['n']} test {noun}s "
        f"(95% interval {evaluation['accuracy_low']:.2%} to {evaluation['accuracy_high']:.2%})",
        f"worst {noun}": f"{word}, {share:.2%}",
        "worst speaker": f"{speaker['worst_name']}, {speaker['worst']:.2%} of {speaker['worst_n']}",
        "in pink noise": f"{noise['pink_20']:.2%} at 20 dB, {noise['pink_10']:.2%} at 10 dB, "
        f"{noise['pink_0']:.2%} at 0 dB (n = {noise['n']})",
        "other words": "none in the test subset"
        if other is None
        else f"{other:.2%} of {evaluation['rejection']['n']} pass where 5% of {noun}s are rejected",
        "model": f"{export['bytes']:,} bytes, {latency['ms_median']:.1f} ms a recording",
        "more": "metrics/report.html; dvc metrics show",
    }
    for name, text in lines.items():
        print(f"{name:14} {text}")


def read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise UserError(f"{path}: {error.strerror}. Make it with: make repro") from None


if __name__ == "__main__":
    run_script(main)
