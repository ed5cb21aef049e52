"""Installs the packages of the local cloud: install.py VENV REQUIREMENTS MARKER

In Python for the sake of flock: the kernel frees that lock however its holder ends, so an interrupted install
leaves nothing to clean up by hand and two at once do not meet. The marker, written last, says that the folder is whole.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path


def say(line: str) -> None:
    print(line, flush=True)


def is_whole(venv: Path, marker: Path) -> bool:
    """The marker names the interpreter, since an upgrade of Python can leave the folder behind without one that fits."""
    python = venv / "bin" / "python"
    return marker.exists() and python.exists() and marker.read_text() == os.path.realpath(python)


def install(venv: Path, requirements: Path, marker: Path, lock: int) -> None:
    marker.unlink(missing_ok=True)
    shutil.rmtree(venv, ignore_errors=True)
    say("Installing the emulator of the local cloud: once, about 110 MB.")
    python = venv / "bin" / "python"
    pip = [str(python), "-I", "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check", "--require-hashes"]
    for command in ([sys.executable, "-m", "venv", str(venv)], [*pip, "--requirement", str(requirements)]):
        # The lock is handed down, so that a pip which outlives this process keeps it until it has ended.
        subprocess.run(command, check=True, pass_fds=[lock], stdin=subprocess.DEVNULL, stdout=sys.stderr)
    complete = marker.with_suffix(".new")
    complete.write_text(os.path.realpath(python))
    complete.replace(marker)


def main(venv: Path, requirements: Path, marker: Path) -> int:
    venv.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(venv.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Waiting for another process, which is installing the local cloud.")
        fcntl.flock(lock, fcntl.LOCK_EX)
    if is_whole(venv, marker):
        return 0
    try:
        install(venv, requirements, marker, lock)
    except subprocess.CalledProcessError as failure:
        return failure.returncode or 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(*(Path(argument) for argument in sys.argv[1:4])))
