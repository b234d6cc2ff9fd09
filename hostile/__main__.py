"""
Every attack that is known on the program, each under the limits of measure.py: python3 hostile PROGRAM INTEL SCALABLE AMD [ATTACK...], with raw images
of 512 MiB guests (the lab's 6.1 with VT-d, 6.1 with VT-d in scalable mode, 5.10 with AMD-Vi). Prints a row a run, and fails where a run broke a limit.
"""

import os
import sys
import tempfile
import time

import memory_attacks
import outside_attacks
from image import Image
from measure import run

PAGE = "phys:0x1000"


class Table:
    """The rows, as they come."""

    def __init__(self):
        self.failed = 0
        self.rows = 0
        self.begun = time.monotonic()
        print("| attack | command | seconds | MiB | exit | |\n| --- | --- | --- | --- | --- | --- |", flush=True)

    def add(self, attack, command, outcome, wrong=()):
        wrong = [*outcome.wrong, *wrong]
        self.rows += 1
        self.failed += bool(wrong)
        error = outcome.error.decode(errors="replace").strip().split("\n")[-1][:120] if wrong else ""
        print(f"| {attack} | {printable(command)} | {outcome.seconds:.1f} | {outcome.kibibytes >> 10} | {outcome.exit} "
              f"| {printable('; '.join(wrong) + (': ' + error if error else ''))} |", flush=True)

    def end(self):
        print(f"\n{self.rows} runs, {self.failed} broke a limit; {time.monotonic() - self.begun:.0f} s")
        return 1 if self.failed else 0


def printable(text):
    return text.encode("unicode_escape").decode().replace("|", "\\|")


def in_memory(table, program, source, attacks, chosen, directory):
    """Attacks that an image carries."""
    wanted = [attack for attack in attacks if not chosen or attack.__name__ in chosen]
    if not wanted:
        return
    image = Image(program, source, directory)
    device = next(row["device"] for row in image.ask("devices")["rows"] if row["root"])
    for attack in wanted:
        image.mark()
        try:
            commands = attack(image)
        except Exception as e:
            print(f"| {attack.__name__} | | | | | was not made: {e!r} |", flush=True)
            table.failed += 1
            commands = []
        for words in commands:
            words = [word.format(page=PAGE, device=device) for word in words]
            table.add(attack.__name__, " ".join(words), run(program, [*words, "-s", image.path]))
        image.undo()
    os.remove(image.path)


def main():
    program, intel, scalable, amd, *chosen = sys.argv[1:]
    table = Table()
    with tempfile.TemporaryDirectory(prefix="iommu-spy-hostile-") as directory:
        os.environ["XDG_CACHE_HOME"] = directory
        in_memory(table, program, intel, memory_attacks.INTEL, chosen, directory)
        in_memory(table, program, scalable, memory_attacks.SCALABLE, chosen, directory)
        in_memory(table, program, amd, memory_attacks.AMD, chosen, directory)
        for name, attacks in outside_attacks.ALL.items():
            if not chosen or name in chosen:
                for attack, command, outcome, wrong in attacks(program, intel, directory):
                    table.add(attack, command, outcome, wrong)
    return table.end()


sys.exit(main())
