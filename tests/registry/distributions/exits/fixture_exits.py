from __future__ import annotations

import sys

sys.exit("this plugin wants to leave")
