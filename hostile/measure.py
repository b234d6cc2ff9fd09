"""Runs a command under the limits that every answer has to keep, and says which of them it broke."""

import os
import re
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field

SECONDS = 30
KIBIBYTES = 1 << 20
EXITS = (0, 1, 2, 3)

# Controls but tab and newline, C1, what has no width, line separators, marks and overrides of direction, tag characters: nothing of it may reach a terminal.
HARMFUL = re.compile(
    rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f\xad]|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]|\xef\xbb\xbf|\xf3\xa0[\x80-\x81]")
TRACE = re.compile(rb"^\s+at |Unhandled exception|Aborted|Segmentation", re.MULTILINE)


@dataclass
class Outcome:
    """What a run came to."""
    seconds: float
    kibibytes: int
    exit: int
    bytes: int
    output: bytes
    error: bytes
    wrong: list = field(default_factory=list)


def run(program, arguments, *, env=None, stdin=None, stdout=None, stderr=None, cwd=None, shell=None, interrupt=None):
    """Runs to the end, or to the first limit broken. `shell` is a line for sh in which "$0" "$@" is the command; `interrupt` the seconds until Ctrl-C."""
    command = ["sh", "-c", shell, program, *arguments] if shell else [program, *arguments]
    begin = time.monotonic()
    process = subprocess.Popen(
        command, env=env, cwd=cwd, stdin=stdin or subprocess.DEVNULL, stdout=stdout or subprocess.PIPE, stderr=stderr or subprocess.PIPE)
    texts = {"out": bytearray(), "err": bytearray()}
    counts = {"out": 0, "err": 0}
    harmful = []

    def drain(name, pipe):
        rest = b""
        while piece := os.read(pipe.fileno(), 1 << 20):
            counts[name] += len(piece)
            if len(texts[name]) < 1 << 16:
                texts[name] += piece
            if (found := HARMFUL.search(rest + piece)) and not harmful:
                harmful.append(f"{found.group(0)!r} in {'the answer' if name == 'out' else 'a message'}")
            rest = piece[-4:]

    readers = [threading.Thread(target=drain, args=(name, pipe), daemon=True)
               for name, pipe in (("out", process.stdout), ("err", process.stderr)) if pipe]
    for reader in readers:
        reader.start()
    stopped, most = None, 0
    while process.poll() is None:
        most = max(most, resident(process.pid))
        if interrupt and time.monotonic() - begin > interrupt:
            process.send_signal(signal.SIGINT)
            interrupt = None
        if time.monotonic() - begin > SECONDS + 1:
            stopped = f"more than {SECONDS} s"
        elif most > 2 * KIBIBYTES:
            stopped = "more than 2 GiB"
        if stopped:
            process.kill()
            process.wait()
        time.sleep(0.005)
    seconds = time.monotonic() - begin
    for reader in readers:
        reader.join(5)
    outcome = Outcome(seconds, most, process.returncode, counts["out"], bytes(texts["out"]), bytes(texts["err"]))
    if stopped:
        outcome.wrong.append(stopped)
    elif outcome.exit not in EXITS and outcome.exit != -signal.SIGINT:
        outcome.wrong.append(f"exit {outcome.exit}")
    if seconds > SECONDS and not stopped:
        outcome.wrong.append(f"more than {SECONDS} s")
    if most > KIBIBYTES and not stopped:
        outcome.wrong.append("more than 1 GiB")
    if TRACE.search(outcome.error):
        outcome.wrong.append("a stack trace")
    outcome.wrong += harmful
    return outcome


def resident(pid):
    """The most KiB that a process has had in memory until now; 0 where it has gone. What a parent says of its children has its own memory in it."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            return next((int(line.split()[1]) for line in status if line.startswith("VmHWM")), 0)
    except OSError:
        return 0
