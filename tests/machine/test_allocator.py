"""The allocator setting, in a process of its own since it lasts."""

import subprocess
import sys


def test_setting_is_accepted_or_refused_without_harm():
    code = "from enogu.machine import keep_freed_memory; print(keep_freed_memory())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in {"True", "False"}


_GIVES_BACK = """
import psutil, torch
from enogu.machine import keep_freed_memory, return_freed_memory
process = psutil.Process()
kept = keep_freed_memory()
before = process.memory_info().rss
blocks = [torch.ones(1 << 20) for _ in range(64)]
del blocks
held = process.memory_info().rss - before
given = return_freed_memory()
left = process.memory_info().rss - before
print(not kept or not given or (held > 200 << 20 and left < 32 << 20))
"""


def test_kept_memory_can_be_given_back():
    done = subprocess.run(
        [sys.executable, "-c", _GIVES_BACK], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "True"
