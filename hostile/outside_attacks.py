"""What comes from outside of memory: files of formats, files beside them, outputs that fail, servers that drip. Each yields (name, command, run, wrong)."""

import array
import json
import lzma
import os
import shutil
import socket
import struct
import subprocess
import threading
import time

from measure import run

PAGE = 4096


def refused(outcome, *exits):
    """What is wrong about an outcome that should be one line and one of these exit codes."""
    wrong = [] if outcome.exit in exits else [f"exit {outcome.exit}, not {' or '.join(map(str, exits))}"]
    if len(outcome.error.strip().splitlines()) > 3:
        wrong.append("more than a line or two")
    return wrong


class Place:
    """A folder for one run's files."""

    def __init__(self, directory, name):
        self.path = os.path.join(directory, name)
        os.makedirs(self.path, exist_ok=True)

    def __call__(self, name):
        return os.path.join(self.path, name)

    def write(self, name, *pieces):
        with open(self(name), "wb") as file:
            for piece in pieces:
                file.write(piece)
        return self(name)


def savevm(blocks, length):
    """The beginning of a saved state: the RAM section's list of blocks."""
    total = sum(length(i) for i in range(blocks))
    yield b"QEVM\0\0\0\x03" + b"\x01" + struct.pack(">I", 2) + b"\x03ram" + struct.pack(">II", 0, 4) + struct.pack(">Q", total | 4)
    for i in range(blocks):
        name = b"block%d" % i
        yield bytes([len(name)]) + name + struct.pack(">Q", length(i))
    yield struct.pack(">Q", 0x10)


def flattened(path, pieces):
    """A flattened dump of so many pieces of 8 bytes, written backwards so that they have to be put in order."""
    with open(path, "wb") as file:
        file.write((b"makedumpfile\0\0\0\0" + struct.pack(">QQ", 1, 1)).ljust(PAGE, b"\0"))
        at = pieces
        while at > 0:
            count = min(at, 1 << 20)
            words = array.array("Q", bytes(24 * count))
            words[0::3] = array.array("Q", range(8 * at, 8 * (at - count), -8))
            words[1::3] = array.array("Q", [8]) * count
            words.byteswap()
            words.tofile(file)
            at -= count


def formats(program, raw, directory):
    place = Place(directory, "formats")
    path = place.write("names.savevm", *savevm(100_000, lambda i: PAGE))
    yield "savevm of 100,000 names", "info", run(program, ["info", "-s", path]), []
    pages = b"".join(struct.pack(">Q", 0x08 | 2 & 0) for _ in range(0))
    body = [*savevm(20_000, lambda i: PAGE)]
    body[-1] = pages + b"".join(
        struct.pack(">Q", 0x02) + bytes([len(b"block%d" % i)]) + b"block%d" % i + b"\0" for i in list(range(19_999, -1, -1)) * 10) + struct.pack(">Q", 0x10)
    path = place.write("pages.savevm", *body)
    yield "savevm whose 200,000 pages name 20,000 blocks", "info", run(program, ["info", "-s", path]), []
    path = place.write("huge.savevm", *savevm(200_000, lambda i: 1 << 30))
    outcome = run(program, ["info", "-s", path])
    yield "savevm of 200,000 blocks of 1 GiB", "info", outcome, refused(outcome, 1, 3)
    path = place("pieces.flat")
    flattened(path, 31_000_000)
    outcome = run(program, ["info", "-s", path])
    yield "flattened dump of 31,000,000 pieces", "info", outcome, refused(outcome, 1, 3)
    os.remove(path)
    with open(raw, "rb") as file:
        some = file.read(1 << 20)
    path = place.write("delta.xz", lzma.compress(some, filters=[{"id": lzma.FILTER_DELTA, "dist": 4}, {"id": lzma.FILTER_LZMA2, "preset": 0}]))
    outcome = run(program, ["info", "-s", path])
    yield "an .xz with a delta filter", "info", outcome, refused(outcome, 1, 3)
    for fill in (b"\0", b"\xff"):
        bomb = lzma.compress(fill * (64 << 20), preset=0)
        path = place.write("bomb.xz", *[bomb] * 64)
        outcome = run(program, ["info", "-s", path], env={**os.environ, "XDG_CACHE_HOME": place.path})
        yield f"an .xz of 64 streams that unpacks to 4 GiB of {fill!r}", "info", outcome, refused(outcome, 1, 3)
    shutil.rmtree(place.path)


def beside(program, raw, directory):
    place = Place(directory, "beside")
    image = place.write("memory-ranges", bytes(1 << 20))
    state = place("state.json")

    def put(kind):
        if os.path.lexists(state):
            os.remove(state)
        if kind == "fifo":
            os.mkfifo(state)
        elif kind == "zero":
            os.symlink("/dev/zero", state)
        else:
            place.write("state.json", kind)

    for name, kind in (("a FIFO", "fifo"), ("a link to /dev/zero", "zero"), ("a lone surrogate", b'{"a":"\\ud800"}'), ("deep JSON", b"[" * 1_000_000),
                       ("many mappings", b'{"mappings":[' + b'{"gpa":0,"file_offset":0,"size":1},' * 300_000 + b"0]}"),
                       ("JSON in JSON", json.dumps({"a": json.dumps({"b": json.dumps({"guest_ram_mappings": "\ud800"})})}).encode())):
        put(kind)
        outcome = run(program, ["info", "-s", image])
        yield f"state.json is {name}", "info", outcome, refused(outcome, 1, 3)
    fifo = place("types")
    os.mkfifo(fifo)
    outcome = run(program, ["ps", "-s", raw, "--types", fifo])
    yield "--types is a FIFO", "ps", outcome, refused(outcome, 1, 2, 3)
    outcome = run(program, ["ps", "-s", raw, "--types", "/dev/zero"])
    yield "--types is /dev/zero", "ps", outcome, refused(outcome, 1, 2, 3)
    os.mkfifo(place("image"))
    outcome = run(program, ["info", "-s", place("image")])
    yield "the image is a FIFO", "info", outcome, refused(outcome, 2, 3)

    # What stands where acquire writes its journal.
    victim = place.write("victim", b"precious")
    os.symlink(victim, place("out.elf.journal.new"))
    outcome = run(program, ["acquire", place("out.elf"), "-s", raw])
    wrong = [] if open(victim, "rb").read() == b"precious" else ["it wrote through the link"]
    yield "OUT.journal.new is a link", "acquire", outcome, wrong
    shutil.rmtree(place.path)


def outputs(program, raw, directory):
    place = Place(directory, "outputs")
    for words in (["exposure", "--fail-on", "low"], ["info"], ["symbols"], ["ps", "-J"], ["maps", "--jsonl"], ["exposure", "--sarif", "-"], ["pages", "--csv"]):
        if words[-2:] == ["--sarif", "-"]:
            continue
        outcome = run(program, [*words, "-s", raw], shell='"$0" "$@" > /dev/full')
        yield "standard output is full", " ".join(words), outcome, refused(outcome, 3)
    for name, line, exits in (("standard output is closed", '"$0" "$@" >&-', (3,)), ("standard error is full", '"$0" "$@" 2> /dev/full', (0, 3)),
                              ("standard error is closed", '"$0" "$@" 2>&-', (0, 3)), ("standard input is closed", '"$0" "$@" <&-', (0,)),
                              ("all three are closed", '"$0" "$@" <&- >&- 2>&-', (3,))):
        outcome = run(program, ["info", "-s", raw], shell=line)
        yield name, "info", outcome, refused(outcome, *exits)
    outcome = run(program, ["info", "-s", "/nonesuch"], shell='"$0" "$@" 2> /dev/full')
    yield "standard error is full", "info -s /nonesuch", outcome, refused(outcome, 3)
    outcome = run(program, ["convert", raw, "-", "--format", "elf"], shell='"$0" "$@" > /dev/full')
    yield "standard output is full", "convert -", outcome, refused(outcome, 3)
    outcome = run(program, ["convert", raw, "-", "--format", "elf"], shell='{ "$0" "$@"; echo "exit $?" >&2; } | head -c 4096 > /dev/null')
    wrong = [] if b"131,072 pages of 131,072" not in outcome.error and b"131072 pages of 131072" not in outcome.error else ["it says that all was written"]
    yield "convert - | head", "convert -", outcome, wrong
    outcome = run(program, ["convert", raw, "/dev/full", "--format", "elf"])
    yield "the file is /dev/full", "convert", outcome, refused(outcome, 2, 3)

    # Files that are there.
    image = place("image.raw")
    shutil.copyfile(raw, image)
    before = os.stat(image).st_ino, os.stat(image).st_size
    for name, target in (("itself", image), ("a hard link to it", place("hard.raw")), ("a link to it", place("soft.raw"))):
        if target == place("hard.raw"):
            os.link(image, target)
        elif target == place("soft.raw"):
            os.symlink(image, target)
        for words in (["convert", image, target, "--format", "elf"], ["acquire", target, "-s", image], ["convert", image, target, "--format", "elf", "--force"]):
            outcome = run(program, words)
            wrong = refused(outcome, 2, 3)
            if (os.stat(image).st_ino, os.stat(image).st_size) != before:
                wrong.append("the source was replaced")
            yield f"into {name}", " ".join([words[0], *words[4:]]), outcome, wrong
    other = place.write("other", b"precious")
    for words in (["convert", image, other, "--format", "elf"], ["acquire", other, "-s", image]):
        outcome = run(program, words)
        wrong = refused(outcome, 2, 3)
        if open(other, "rb").read(8) != b"precious":
            wrong.append("it was replaced")
            place.write("other", b"precious")
        yield "into a file that is there", words[0], outcome, wrong
    outcome = run(program, ["convert", image, other, "--format", "elf", "--force"])
    yield "into a file that is there", "convert --force", outcome, [] if open(other, "rb").read(4) == b"\x7fELF" else ["it was not written"]
    os.mkfifo(place("fifo"))
    outcome = run(program, ["convert", image, place("fifo"), "--format", "elf"])
    wrong = refused(outcome, 0, 2, 3)
    if not os.path.exists(place("fifo")) or not os.stat(place("fifo")).st_mode & 0o010000:
        wrong.append("the FIFO was replaced")
    yield "into a FIFO", "convert", outcome, wrong
    shutil.rmtree(place.path)


def cache(program, raw, directory):
    place = Place(directory, "cache")
    home = {key: value for key, value in os.environ.items() if key not in ("XDG_CACHE_HOME", "HOME")}
    packed = place("image.raw.gz")
    subprocess.run(["sh", "-c", 'head -c 67108864 "$0" | gzip -1 > "$1"', raw, packed], check=True)
    outcome = run(program, ["info", "-s", "image.raw.gz"], env={**home, "HOME": "relative"}, cwd=place.path)
    yield "HOME is relative", "info", outcome, [] if not os.path.exists(place("relative")) else ["it wrote into the working directory"]
    outcome = run(program, ["info", "-s", "image.raw.gz"], env={**home, "XDG_CACHE_HOME": "xdg"}, cwd=place.path)
    yield "XDG_CACHE_HOME is relative", "info", outcome, [] if not os.path.exists(place("xdg")) else ["it wrote into the working directory"]

    def folder(name):
        os.makedirs(place(name), exist_ok=True)
        return {**home, "XDG_CACHE_HOME": place(name)}, os.path.join(place(name), "iommu-spy")

    env, own = folder("open")
    os.mkdir(own)
    os.chmod(own, 0o777)
    outcome = run(program, ["info", "-s", packed], env=env)
    yield "the cache's folder is everybody's", "info", outcome, [] if not os.listdir(own) else ["it keeps memory there"]
    env, own = folder("linked")
    os.mkdir(place("elsewhere"))
    os.symlink(place("elsewhere"), own)
    outcome = run(program, ["info", "-s", packed], env=env)
    yield "the cache's folder is a link", "info", outcome, [] if not os.listdir(place("elsewhere")) else ["it followed the link"]

    # The same size and time, other bytes.
    env, own = folder("same")
    stat = os.stat(packed)
    run(program, ["info", "-s", packed], env=env)
    kept = [os.path.join(own, name) for name in os.listdir(own)] if os.path.isdir(own) else []
    with open(packed, "rb") as file:
        data = file.read()
    other = subprocess.run(["gzip", "-1"], input=b"no image " * 100_000, stdout=subprocess.PIPE, check=True).stdout
    place.write("image.raw.gz", other.ljust(len(data), b"\0"))
    os.utime(packed, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    first = run(program, ["read", "--physical", "0", "-s", packed], env=env)
    yield "the same size and time, other bytes", "read", first, [] if b"no image" in first.output or first.exit in (1, 3) else ["the old answer"]
    del kept
    place.write("nothing.gz", subprocess.run(["gzip", "-1"], input=b"no image " * 100_000, stdout=subprocess.PIPE, check=True).stdout)
    env, own = folder("nothing")
    outcome = run(program, ["info", "-s", place("nothing.gz")], env=env)
    yield "what is no image", "info", outcome, refused(outcome, 1, 3)
    shutil.rmtree(place.path)


class Server:
    """A server in a thread: `serve` is called with each connection."""

    def __init__(self, listener, serve):
        self._listener = listener
        self._serve = serve
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self._serve(connection)
                except OSError:
                    pass

    def close(self):
        self._listener.close()


GREETING = b'{"QMP": {"version": {}, "capabilities": []}}\n'


def answering(answers, monitor=None):
    """A QMP server that answers each command with what it is given for it, and {} else."""
    def serve(connection):
        connection.sendall(GREETING)
        with connection.makefile("rb") as lines:
            for line in lines:
                asked = json.loads(line)
                value = answers.get(asked["execute"], {})
                if asked["execute"] == "human-monitor-command":
                    value = (monitor or {}).get(asked["arguments"]["command-line"].split(" ")[1], "")
                if value is None:
                    time.sleep(120)
                connection.sendall(json.dumps({"return": value}).encode() + b"\n")
    return serve


def ram(last):
    return ("FlatView #0\n AS \"memory\", root: system\n Root memory region: system\n"
            f"  0000000000000000-{last:016x} (prio 0, ram): ram0\n")


def servers(program, directory):
    place = Place(directory, "servers")

    def forever(piece, pause=0.0, before=b""):
        def serve(connection):
            connection.sendall(before)
            while True:
                connection.sendall(piece)
                if pause:
                    time.sleep(pause)
        return serve

    def once(data):
        def serve(connection):
            connection.sendall(data)
            time.sleep(60)
        return serve

    rogue = {"query-status": {"running": False}, "query-memdev": [{"id": "ram0", "share": True}], "qom-get": "/etc/passwd"}
    size = max(PAGE, os.path.getsize("/etc/passwd"))
    secret = place.write("secret", b"root:secret" + bytes(1 << 20))
    rogue["qom-get"] = secret
    size = os.path.getsize(secret)
    cases = [
        ("a greeting that is a list", once(b"[]\n"), ["info"], (3,)),
        ("a greeting with a lone surrogate", once(b'{"QMP":"\\ud800","\\udc00":1}\n'), ["info"], (3,)),
        ("empty lines for ever", forever(b"\n" * 65536), ["info"], (3,)),
        ("events for ever", forever(b'{"event":"X"}\n' * 4096, before=GREETING), ["info"], (3,)),
        ("a byte at a time", forever(b" ", 0.5), ["info"], (3,)),
        ("an event a second", forever(b'{"event":"X"}\n', 1, before=GREETING), ["info"], (3,)),
        ("33,000,000 tokens", once(b'{"QMP":[' + b"1," * 31_000_000 + b"1]}\n"), ["info"], (3,)),
        ("nothing", lambda connection: time.sleep(60), ["info"], (3,)),
        ("return is a list everywhere", answering({key: [] for key in ("query-status", "query-memdev", "qom-get", "human-monitor-command")}), ["info"], (3,)),
        ("2^52 bytes of RAM", answering({"query-status": {"running": False}, "query-memdev": []}, {"mtree": ram((1 << 52) - 1)}), ["info"], (1, 3)),
        ("names a file that it has not", answering(rogue, {"mtree": ram(size - 1)}), ["read", "--physical", "0"], (0, 1, 3)),
    ]
    for number, (name, serve, words, exits) in enumerate(cases):
        path = place(f"qmp{number}")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen()
        server = Server(listener, serve)
        outcome = run(program, [*words, "-s", f"qemu:{path}"])
        wrong = refused(outcome, *exits)
        if b"secret" in outcome.output:
            wrong.append("it shows a file that the server named")
        server.close()
        yield f"QMP: {name}", " ".join(words), outcome, wrong

    # Ctrl-C while a stopped guest's server says nothing.
    path = place("pause")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    asked = []

    def silent(connection):
        connection.sendall(GREETING)
        with connection.makefile("rb") as lines:
            for line in lines:
                command = json.loads(line)["execute"]
                asked.append(command)
                if command in ("qmp_capabilities", "query-status", "stop"):
                    connection.sendall(json.dumps({"return": {"running": True}}).encode() + b"\n")
    server = Server(listener, silent)
    begin = time.monotonic()
    outcome = run(program, ["info", "--pause", "-s", f"qemu:{path}"], interrupt=3)
    time.sleep(0.2)
    wrong = [] if time.monotonic() - begin < 6 else [f"it ended {time.monotonic() - begin - 3:.0f} s after Ctrl-C"]
    if "cont" not in asked:
        wrong.append("the guest was left stopped")
    server.close()
    yield "QMP: silent after stop, Ctrl-C", "info --pause", outcome, wrong

    def packet(text):
        return b"$" + text + b"#" + b"%02x" % (sum(text) & 255)

    def stub(answer):
        def serve(connection):
            data = b""
            while True:
                piece = connection.recv(65536)
                if not piece:
                    return
                data += piece
                while (start := data.find(b"$")) >= 0 and len(data) >= (end := data.find(b"#", start)) + 3 and end > 0:
                    asked = data[start + 1:end]
                    data = data[end + 3:]
                    reply = answer(asked)
                    if reply is None:
                        while True:
                            connection.sendall(b"+" * 65536)
                    connection.sendall(b"+" + packet(reply))
        return serve

    threads = packet(b"m" + b",".join(b"%x" % i for i in range(1, 500)))
    def many_threads(asked):
        if asked.startswith((b"qfThread", b"qsThread")):
            return threads[1:-3]
        return b"OK" if asked.startswith(b"Hg") else b"00" * 64 if asked == b"g" else b""
    def endless_monitor(asked):
        return b"O" + b"20" * 100 if asked.startswith(b"qRcmd") else b""
    cases = [
        ("acknowledgements for ever", forever(b"+" * 65536), (3,)),
        ("a byte at a time", forever(b"+", 0.5), (3,)),
        ("500,000 threads", stub(many_threads), (1, 3)),
        ("a monitor that never ends", stub(endless_monitor), (1, 3)),
        ("runs of runs", forever(b"$" + b"A*~" * 100_000), (3,)),
        ("no answer but acknowledgements", stub(lambda asked: None), (3,)),
    ]
    for name, serve, exits in cases:
        listener = socket.create_server(("127.0.0.1", 0))
        server = Server(listener, serve)
        outcome = run(program, ["info", "-s", f"gdb:127.0.0.1:{listener.getsockname()[1]}"])
        server.close()
        yield f"gdb: {name}", "info", outcome, refused(outcome, *exits)
    shutil.rmtree(place.path)


ALL = {"formats": formats, "beside": beside, "outputs": outputs, "cache": cache, "servers": lambda program, raw, directory: servers(program, directory)}
