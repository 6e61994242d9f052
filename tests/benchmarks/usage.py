"""Starts a program and prints its seconds and its peak memory.

Run as a script, in a process so small that its own memory does not show in that of the program.
"""

import json
import resource
import subprocess
import sys
import time


def main(command: list[str]) -> int:
    start = time.perf_counter()
    code = subprocess.call(command, stdout=sys.stderr)
    took = time.perf_counter() - start
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu, peak = spent.ru_utime + spent.ru_stime, spent.ru_maxrss / 1024
    found = {"seconds": took, "cpu_seconds": cpu, "peak_mb": peak}
    sys.stdout.write(json.dumps(found) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
