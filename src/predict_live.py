"""Says which digit is spoken: to the microphone, or in files.

Usage:  python src/predict_live.py [FILE or DIRECTORY ...]
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # PYTHONSAFEPATH keeps Python from it

from spoken_digits.errors import run_script
from spoken_digits.live.cli import main

if __name__ == "__main__":
    run_script(main)
