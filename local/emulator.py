"""Runs the emulator: emulator.py FOLDER

Listens on a free port of 127.0.0.1, writes that port to file descriptor 3, and ends as soon as standard input does: whoever
started it holds the other end, and the kernel lets go of it however that process dies. FOLDER, its scratch space, goes as well.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sys
import threading

import corrections

PORT_FD = 3


def end(folder: str) -> None:
    """At once, workers of functions included: what was created here lives in memory, so there is nothing to save."""
    shutil.rmtree(folder, ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def watch_parent(folder: str) -> None:
    while os.read(0, 1):
        pass
    end(folder)


def allow_many_connections() -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        except (ValueError, OSError):
            pass  # macOS names a hard limit that it does not grant


async def serve(listener: socket.socket) -> None:
    from hypercorn.asyncio import serve as hypercorn
    from hypercorn.config import Config
    from ministack.app import app

    config = Config()
    config.bind = [f"fd://{listener.fileno()}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    await hypercorn(app, config, shutdown_trigger=asyncio.Event().wait)


def main(folder: str) -> None:
    signal.signal(signal.SIGTERM, lambda *_: end(folder))
    threading.Thread(target=watch_parent, args=[folder], daemon=True).start()
    allow_many_connections()
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("127.0.0.1", 0))
    listener.listen(256)
    corrections.apply()
    os.write(PORT_FD, f"{listener.getsockname()[1]}\n".encode())
    os.close(PORT_FD)
    asyncio.run(serve(listener))


if __name__ == "__main__":
    main(sys.argv[1])
