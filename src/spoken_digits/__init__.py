"""What the stage scripts and the live program share."""

import os

# onnxruntime reports to its maker from the moment it is imported unless it finds this. It is set
# here, not where onnxruntime is imported: torch and the speech detector import it too.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
