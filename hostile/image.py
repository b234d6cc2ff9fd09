"""A guest's memory that can be forged and made whole again: where its structures are, its own words tell through the program."""

import json
import mmap
import os
import shutil
import struct
import subprocess

PAGE = 4096


class Image:
    """A copy of a raw image, below the hole of the address space: a byte's offset is its physical address."""

    def __init__(self, program, source, directory):
        self.path = os.path.join(directory, os.path.basename(os.path.dirname(source)) + ".raw")
        shutil.copyfile(source, self.path)
        self._file = open(self.path, "r+b")
        self.memory = mmap.mmap(self._file.fileno(), 0)
        self._before = []
        self._program = program
        info = self.ask("info")
        self._direct = int(info["pageOffsetBase"], 16)
        self._image = int(info["imageStart"], 16)
        self._image_physical = int(info["imagePhysical"], 16)
        self.root = int(info["root"], 16)
        self._types = {}
        self._symbols = {}
        for line in self._run("symbols", "--jsonl").splitlines():
            row = json.loads(line)
            self._symbols.setdefault(row["name"], int(row["virtual"], 16))
        self._free = self._zeros()

    def _run(self, *arguments):
        return subprocess.run([self._program, *arguments, "-s", self.path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout

    def ask(self, *arguments):
        """An answer of the program about the memory as it is now."""
        return json.loads(self._run(*arguments, "-J"))

    def _zeros(self):
        """The longest run of pages of zeros: room for what is forged."""
        best, start = (0, 0), None
        for page in range(256, len(self.memory) // PAGE + 1):
            at = page * PAGE
            if at < len(self.memory) and self.memory[at:at + 16] == bytes(16) and self.memory[at:at + PAGE].count(0) == PAGE:
                start = at if start is None else start
                continue
            if start is not None:
                best = max(best, (at - start, start))
                start = None
        return best

    @property
    def left(self):
        """Bytes of free memory that nobody was given yet."""
        return self._free[0]

    def room(self, size, align=PAGE):
        """Physical address of free memory of that size, which nobody else was given."""
        length, start = self._free
        at = -(-start // align) * align
        if at + size > start + length:
            raise MemoryError(f"{size >> 20} MiB of free memory is more than the image has left ({length >> 20} MiB)")
        self._free = (start + length - at - size, at + size)
        return at

    def virtual(self, physical):
        """Where the kernel's direct map has it."""
        return self._direct + physical

    def physical(self, virtual):
        """Of an address in the direct map or the kernel's image."""
        return virtual - self._image + self._image_physical if virtual >= self._image else virtual - self._direct

    def translate(self, virtual):
        """The physical address of any of the kernel's."""
        return int(self.ask("translate", hex(virtual))["answers"][0]["physical"], 16)

    def symbol(self, name):
        """A symbol's address; None where there is none."""
        return self._symbols.get(name)

    def offset(self, struct_name, path):
        """Bytes from a structure's start to a member, also inside of anonymous ones and by a path with dots; None where it has none."""
        total = 0
        for part in path.split("."):
            found = self._member(struct_name, part)
            if found is None:
                return None
            total += found[0]
            struct_name = found[1]
        return total

    def size(self, struct_name):
        """A structure's bytes."""
        return self._type(struct_name)["bytes"]

    def _type(self, name):
        if name not in self._types:
            self._types[name] = json.loads(self._run("types", name, "-J") or b"null")
        return self._types[name]

    def _member(self, struct_name, name):
        told = self._type(struct_name)
        return self._among(told["members"], name) if told else None

    def _among(self, members, name):
        for member in members or []:
            if member["name"] == name:
                return int(member["offset"], 16), member["type"].removeprefix("struct ").removeprefix("union ")
            if not member["name"] and (inside := self._among(member["members"], name)):
                return inside
        return None

    def u64(self, physical):
        return struct.unpack_from("<Q", self.memory, physical)[0]

    def patch(self, physical, data):
        """Writes, and remembers what was there."""
        self._before.append((physical, self.memory[physical:physical + len(data)], self._free))
        self.memory[physical:physical + len(data)] = data

    def patch64(self, physical, *values):
        self.patch(physical, struct.pack(f"<{len(values)}Q", *values))

    def forge(self, count, stride, fields, base=None):
        """
        Many structures at equal distances, with the fields that are read: (offset, size, value or the list of each one's value). They overlap like roof tiles:
        the distance only keeps the fields apart. Returns the physical address of the first, and the distance.
        """
        stride = apart(stride, [(offset, size) for offset, size, _ in fields])
        base = self.room(count * stride + max(offset for offset, _, _ in fields) + PAGE) if base is None else base
        for offset, size, value in fields:
            kind = {4: "I", 8: "Q"}.get(size)
            start = base + offset
            if kind is None:
                lanes = value.ljust(size, b"\0")
                for lane in range(size):
                    self._lane(start + lane, stride, bytes([lanes[lane]]) * count)
                continue
            values = value if isinstance(value, list) else [value] * count
            packed = struct.pack(f"<{count}{kind}", *values)
            for lane in range(size):
                self._lane(start + lane, stride, packed[lane::size])
        return base, stride

    def _lane(self, start, stride, data):
        self.memory[start:start + len(data) * stride:stride] = data

    def undo(self):
        """Makes the memory what it was. What was forged in free memory is given back with zeros."""
        if self._before:
            first = self._before[0][2]
            start = first[1]
            end = self._free[1]
            self.memory[start:end] = bytes(end - start)
            for physical, data, free in reversed(self._before):
                self.memory[physical:physical + len(data)] = data
                self._free = free
        self._before = []

    def mark(self):
        """Begins an attack: what is given out from here on is given back by undo."""
        self._before = [(0, b"", self._free)]


def apart(stride, fields):
    """The smallest distance from `stride` on at which the fields of equal structures do not overlap."""
    while True:
        taken = bytearray(stride)
        free = True
        for offset, size in fields:
            for byte in range(offset, offset + size):
                free = free and not taken[byte % stride]
                taken[byte % stride] = 1
        if free:
            return stride
        stride += 8
