"""Stage report: everything about the trained model in one HTML file, metrics/report.html.

Open it in any browser; it needs no network and no script.
"""

from spoken_digits.stage import start

start(__doc__)

from pathlib import Path

from spoken_digits.errors import run_script
from spoken_digits.evaluation.report_page import build_report
from spoken_digits.files import write_text

REPORT = Path("metrics/report.html")


def main() -> None:
    write_text(REPORT, build_report(Path()))
    print(f"{REPORT}: {REPORT.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    run_script(main)
