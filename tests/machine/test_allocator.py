"""The allocator setting, in a process of its own since it lasts."""

import subprocess
import sys


def test_setting_is_accepted_or_refused_without_harm():
    code = "from enogu.machine import keep_freed_memory; print(keep_freed_memory())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in {"True", "False"}
