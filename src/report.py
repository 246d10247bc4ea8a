"""Stage report: everything about the trained model in one HTML file, metrics/report.html.

Open it in any browser; it needs no network and no script.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH keeps Python from it

from spoken_digits.stage import run, start

start(__doc__)

from spoken_digits.evaluation.report_page import build_report
from spoken_digits.files import write_text

REPORT = Path("metrics/report.html")


def main() -> None:
    write_text(REPORT, build_report(Path()))
    print(f"{REPORT}: {REPORT.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    run(main)
