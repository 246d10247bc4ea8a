"""Print the names of what the corpus ``folder`` takes from an archive, as JSON.

Usage:  PYTHONPATH=src python web/tests/collected.py ARCHIVE
"""

import json
import sys
import tempfile
from pathlib import Path

from spoken_digits.corpora import folder
from spoken_digits.params import Folder
from spoken_digits.shards import read_shard
from spoken_digits.vocabulary import digits

with tempfile.TemporaryDirectory() as place:
    target = Path(place)
    bad = folder.collect(Folder(path=sys.argv[1]), digits(), target)
    assert not bad, bad
    print(json.dumps([name for shard in sorted(target.iterdir()) for name, _ in read_shard(shard)]))
