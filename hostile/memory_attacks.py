"""What a hostile kernel writes into its own memory: each function forges an image, and says which commands are to read it."""

import struct

PAGE = 4096
PRESENT = 0x67
SECOND_STAGE = 3
EVIL = b"e\x1b[2J\x07\x1b]52;c;aWQ=\x07\xe2\x80\xae\xe2\x81\xa6\nx';id>&2;'"


def shared_tables(image, bits, levels=3):
    """Tables, one a level, whose 512 entries all lead to the next: 2^27 pages for three, none beside the one before it. Returns the top one."""
    pages = [image.room(PAGE) for _ in range(2)]
    table = image.room(PAGE)
    image.patch64(table, *[pages[i % 2] | bits for i in range(512)])
    for _ in range(levels - 1):
        above = image.room(PAGE)
        image.patch64(above, *[table | bits] * 512)
        table = above
    return table


def share_in_root(image, root, first, last, bits=PRESENT):
    table = shared_tables(image, bits)
    for index in range(first, last):
        if image.u64(root + 8 * index) == 0:
            image.patch64(root + 8 * index, table | bits)


ABOUT_TABLES = [["info"], ["layout"], ["maps"], ["who", "{page}"], ["pages"], ["exposure"], ["devices"], ["symbols", "init_*"], ["explain", "init_task"],
                ["hooks"], ["roots"], ["ps"], ["page", "{page}"], ["vmas"], ["reach", "{page}"], ["maps", "--leaves"]]


def kernel_tables(image):
    """In the kernel's root, every entry that was empty."""
    share_in_root(image, image.root, 256, 511)
    return ABOUT_TABLES


def process_tables(image):
    """In two processes, every entry of the lower half that was empty."""
    roots = [int(row["root"], 16) for row in image.ask("ps")["rows"] if row["root"]]
    for root in sorted(set(roots))[:2]:
        share_in_root(image, root, 0, 256)
    return ABOUT_TABLES


def all_tables(image):
    """In the kernel's root and every process's."""
    kernel_tables(image)
    for root in {int(row["root"], 16) for row in image.ask("ps")["rows"] if row["root"]}:
        share_in_root(image, root, 0, 256)
    return [["info"], ["roots"], ["who", "{page}"], ["explain", "init_task"], ["ps"], ["vmas"], ["pages"]]


def looping_root(image):
    """The kernel's root in its own entries."""
    for index in range(256, 511):
        if image.u64(image.root + 8 * index) == 0:
            image.patch64(image.root + 8 * index, image.root | PRESENT)
    return [["info"], ["layout"], ["maps"], ["who", "{page}"], ["explain", "init_task"], ["pages"]]


ABOUT_DEVICES = [["devices"], ["iommu"], ["reach", "{page}"], ["exposure"], ["maps", "--device", "{device}"], ["page", "{page}"], ["devices", "-J"]]


def device_tables(image, most=1):
    """In the tables of devices: every entry of the root."""
    roots = sorted({int(row["root"], 16) for row in image.ask("devices")["rows"] if row["root"]})
    for root in roots[:most]:
        image.patch64(root, *[shared_tables(image, SECOND_STAGE, 2) | SECOND_STAGE] * 512)
    return ABOUT_DEVICES


def five_device_tables(image):
    """In the tables of five devices."""
    return device_tables(image, 5)


def context_tables(image):
    """One context table for all buses, whose entries all lead to one set of shared tables: 65,536 devices."""
    unit = image.ask("iommu")["units"][0]
    root, entry = int(unit["root"], 16), unit["devices"][0]["entry"]
    tables = shared_tables(image, SECOND_STAGE, 3)
    contexts = image.room(PAGE)
    image.patch64(contexts, *[tables | 1, int(entry[1], 16)] * 256)
    image.patch64(root, *[contexts | 1, 0] * 256)
    return ABOUT_DEVICES


def pasid_directory(image):
    """In scalable mode, a PASID directory of all sizes whose entries are all one table of PASIDs, all with one set of shared tables."""
    unit = image.ask("iommu")["units"][0]
    root = int(unit["root"], 16)
    tables = shared_tables(image, SECOND_STAGE, 3)
    pasids = image.room(PAGE)
    # A PASID entry: second stage alone, 4 levels... its address width as the first level's root says (VT-d specification, 9.6).
    image.patch64(pasids, *[tables | 1 | (1 << 2) | (2 << 6), 1, 0, 0, 0, 0, 0, 0] * 64)
    directory = image.room(128 * 1024)
    image.patch64(directory, *[pasids | 1] * (1 << 14))
    context = image.room(PAGE)
    image.patch64(context, *[directory | (7 << 9) | 1, 0, 0, 0] * 128)
    image.patch64(root, *[context | 1, context | 1] * 256)
    return ABOUT_DEVICES


def amd_device_table(image):
    """AMD's device table: each of its entries leads to one set of shared tables, and to one table of 2,048 interrupts."""
    unit = image.ask("iommu")["units"][0]
    root = int(unit["root"], 16)
    bits = 0x6000000000000001
    def entry(target, level):
        return target | bits | (level << 9)
    pages = [image.room(PAGE) for _ in range(2)]
    table = image.room(PAGE)
    image.patch64(table, *[entry(pages[i % 2], 0) for i in range(512)])
    for level in range(1, 4):
        above = image.room(PAGE)
        image.patch64(above, *[entry(table, level)] * 512)
        table = above
    interrupts = image.room(32 << 10, 32 << 10)
    image.patch64(interrupts, *[0x3000000000 | 1 | (0x22 << 32), 0x22] * 2048)
    image.patch64(root, *[table | 3 | (4 << 9) | (3 << 61), 1, interrupts | 1 | (11 << 1) | (2 << 60), 0] * (1 << 16))
    return [*ABOUT_DEVICES, ["interrupts"], ["interrupts", "--jsonl"]]


def interrupt_table(image):
    """VT-d's table of interrupts: 65,536 entries, all present."""
    unit = image.ask("iommu")["units"][0]
    table = int(unit["interruptTable"], 16)
    image.patch64(table, *[0x22000d | (1 << 40), 0x4ff00] * (1 << 16))
    return [["interrupts"], ["exposure"], ["iommu"]]


def tasks(image, count, parents):
    """A list of tasks, each the parent of the next where it says so."""
    t = lambda name: image.offset("task_struct", name)
    links, pid, tgid, parent = t("tasks"), t("pid"), t("tgid"), t("real_parent")
    idle = image.symbol("init_task")
    head = idle + links
    # The distance has to be known before the links can be written.
    sizes = [(links, 16), (pid, 4), (tgid, 4), (parent, 8), (t("comm"), 16), (t("mm"), 8), (t("flags"), 4)]
    from image import apart
    stride = apart(32, sizes)
    base = image.room(count * stride + max(offset for offset, _ in sizes) + PAGE)
    first = image.virtual(base)
    at = [first + i * stride for i in range(count)]
    nexts = [one + links for one in at[1:]] + [head]
    previous = [head] + [one + links for one in at[:-1]]
    image.forge(count, stride, [
        (links, 8, nexts), (links + 8, 8, previous),
        (pid, 4, [1 + i for i in range(count)]), (tgid, 4, [1 + i for i in range(count)]),
        (parent, 8, [idle] + at[:-1] if parents else [idle] * count),
        (t("comm"), 16, b"forged"), (t("mm"), 8, 0), (t("flags"), 4, 0)], base)
    image.patch64(image.physical(head), at[0] + links, at[-1] + links)


def chain_of_parents(image):
    """100,000 tasks, each the child of the one before."""
    tasks(image, 100_000, parents=True)
    return [["ps", "--tree"], ["ps", "--tree", "-J"], ["ps"], ["ps", "--threads"], ["explain", "init_task"], ["who", "{page}"]]


def many_tasks(image):
    """2.8 million tasks on the kernel's list."""
    tasks(image, 2_800_000, parents=False)
    return [["ps"], ["ps", "--jsonl"], ["ps", "--tree"], ["ps", "--threads"], ["ps", "--sort", "pid"], ["explain", "init_task"], ["roots"], ["vmas"],
            ["pages"], ["pagemap", "1"]]


def circle_of_tasks(image):
    """Two tasks that lead back to each other, and never to the head."""
    links = image.offset("task_struct", "tasks")
    rows = image.ask("ps")["rows"]
    one, other = (int(row["task"], 16) + links for row in rows[:2])
    image.patch64(image.physical(one), other, other)
    image.patch64(image.physical(other), one, one)
    image.patch64(image.physical(image.symbol("init_task") + links), one)
    return [["ps"], ["ps", "--threads"]]


def many_threads(image):
    """A process of 2.8 million threads, and a hundred processes that say they are the same one."""
    t = lambda name: image.offset("task_struct", name)
    node, head, signal = t("thread_node"), image.offset("signal_struct", "thread_head"), t("signal")
    from image import apart
    pid, tgid = t("pid"), t("tgid")
    count = 2_800_000
    process = next(int(row["task"], 16) for row in image.ask("ps")["rows"] if row["pid"] == 1)
    first_head = image.u64(image.physical(process) + signal) + head
    sizes = [(node, 16), (pid, 4), (tgid, 4), (t("comm"), 16), (t("mm"), 8), (t("flags"), 4)]
    stride = apart(32, sizes)
    base = image.room(count * stride + max(offset for offset, _ in sizes) + PAGE)
    at = [image.virtual(base) + i * stride for i in range(count)]
    image.forge(count, stride, [
        (node, 8, [one + node for one in at[1:]] + [first_head]), (node + 8, 8, [first_head] + [one + node for one in at[:-1]]),
        (pid, 4, [1000 + i for i in range(count)]), (tgid, 4, 1), (t("comm"), 16, b"thread"), (t("mm"), 8, 0), (t("flags"), 4, 0)], base)
    image.patch64(image.physical(first_head), at[0] + node, at[-1] + node)
    return [["ps", "--threads"], ["ps", "--threads", "--jsonl"], ["pagemap", "99999999"], ["vmas", "1"]]


def many_areas_of_list(image):
    """Before 6.1: a process of 2.8 million areas, or as many as there is room for."""
    v = lambda name: image.offset("vm_area_struct", name)
    row = next(row for row in image.ask("ps")["rows"] if row["mm"])
    mm = image.physical(int(row["mm"], 16))
    from image import apart
    sizes = [(v("vm_start"), 8), (v("vm_end"), 8), (v("vm_next"), 8), (v("vm_flags"), 8), (v("vm_file"), 8), (v("vm_mm"), 8), (v("vm_pgoff"), 8),
             (v("vm_ops"), 8)]
    stride = apart(40, sizes)
    count = min(2_800_000, (image.left - 2 * PAGE) // stride)
    base = image.room(count * stride + PAGE)
    at = [image.virtual(base) + i * stride for i in range(count)]
    image.forge(count, stride, [
        (v("vm_start"), 8, [0x10000 + i * 8192 for i in range(count)]), (v("vm_end"), 8, [0x11000 + i * 8192 for i in range(count)]),
        (v("vm_next"), 8, at[1:] + [0]), (v("vm_flags"), 8, 3), (v("vm_file"), 8, 0), (v("vm_mm"), 8, int(row["mm"], 16)), (v("vm_pgoff"), 8, 0),
        (v("vm_ops"), 8, 0)], base)
    image.patch64(mm + image.offset("mm_struct", "mmap"), at[0])
    pid = str(row["pid"])
    return [["vmas"], ["vmas", pid], ["vmas", pid, "--jsonl"], ["ps"], ["pagemap", pid], ["explain", "--pid", pid, "0x10000"], ["pages"]]


def maple_of_one_node(image):
    """A maple tree whose nodes are all shared by their parents' slots, as deep as it may be."""
    row = next(row for row in image.ask("ps")["rows"] if row["mm"])
    mm = int(row["mm"], 16)
    tree = mm + image.offset("mm_struct", "mm_mt")
    root = image.physical(tree) + image.offset("maple_tree", "ma_root")
    nodes = [image.room(256, 256) for _ in range(30)]
    for depth, node in enumerate(nodes):
        below = image.virtual(nodes[min(depth + 1, len(nodes) - 1)]) | (2 << 3)
        parent = (tree | 1) if depth == 0 else image.virtual(nodes[depth - 1])
        image.patch64(node, parent, *[(i + 1) << 40 for i in range(15)], *[below] * 16)
    image.patch64(root, image.virtual(nodes[0]) | (2 << 3) | 2)
    return [["vmas"], ["vmas", str(row["pid"])], ["ps"], ["pages"], ["pagemap", str(row["pid"])]]


def vmalloc_list(image):
    """4.2 million pieces of vmalloc space."""
    v = lambda name: image.offset("vmap_area", name)
    head = image.symbol("vmap_area_list")
    from image import apart
    links = v("list")
    sizes = [(links, 16), (v("va_start"), 8), (v("va_end"), 8), (v("vm"), 8)]
    count = 4_200_000
    stride = apart(40, sizes)
    base = image.room(count * stride + PAGE)
    at = [image.virtual(base) + i * stride for i in range(count)]
    start = int(image.ask("info")["vmallocBase"], 16)
    image.forge(count, stride, [
        (links, 8, [one + links for one in at[1:]] + [head]), (links + 8, 8, [head] + [one + links for one in at[:-1]]),
        (v("va_start"), 8, [start + i * 8192 for i in range(count)]), (v("va_end"), 8, [start + i * 8192 + PAGE for i in range(count)]),
        (v("vm"), 8, 0)], base)
    image.patch64(image.physical(head), at[0] + links, at[-1] + links)
    return [["vmalloc"], ["vmalloc", "--jsonl"], ["vmalloc", hex(start)], ["explain", hex(start)], ["pages"], ["page", "{page}"]]


def btf_in_itself(image):
    """BTF whose task_struct and mm_struct have themselves as their nameless members, many times at each level."""
    start, stop = image.physical(image.symbol("__start_BTF")), image.physical(image.symbol("__stop_BTF"))
    data = bytes(image.memory[start:stop])
    header, type_at, type_bytes, text_at, text_bytes = struct.unpack_from("<IIIII", data, 4)
    texts = header + text_at
    at, end, number = header + type_at, header + type_at + type_bytes, 1
    extra = {1: 4, 3: 12, 14: 4, 17: 4}
    each = {4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12}
    while at < end:
        name, word, size = struct.unpack_from("<III", data, at)
        kind, count = (word >> 24) & 31, word & 0xffff
        if kind in (4, 5) and count > 1:
            title = data[texts + name:data.index(b"\0", texts + name)]
            if title in (b"task_struct", b"mm_struct", b"page", b"pci_dev", b"module", b"vm_area_struct"):
                for member in range(count):
                    image.patch(start + at + 12 + 12 * member, struct.pack("<III", 0, number, 0))
        at += 12 + extra.get(kind, 0) + each.get(kind, 0) * count
        number += 1
    return [["ps"], ["types", "task_struct"], ["types", "task_struct", "-J"], ["types", "task_struct", "--at", "init_task"], ["pages"], ["pci"], ["modules"],
            ["vmas"], ["devices"], ["page", "{page}"]]


def token_table(image):
    """Physical address of the names' tokens: those of digits are each their own, one after the other; and where each token begins."""
    digits = image.memory.find(b"0\0001\0002\0003\0004\0005\0006\0007\0008\0009\0")
    starts, at = [], digits
    for number in range(ord("0"), 256):
        starts.append(at)
        at = image.memory.find(b"\0", at) + 1
    return starts


def kallsyms_tokens(image):
    """Tokens of names that are as long as they can be."""
    starts = token_table(image)
    image.patch(starts[60], b"A" * (starts[-1] - starts[60]))
    return [["info"], ["symbols", "init_*"]]


def acpi_lengths(image):
    """A DMAR or an IVRS, and the tables beside it, that are 4 GiB long."""
    for name in (b"DMAR", b"IVRS", b"RSDT", b"XSDT", b"APIC", b"FACP"):
        at = -1
        while (at := image.memory.find(name, at + 1)) >= 0:
            if at % 4 == 0:
                image.patch(at + 4, b"\xff\xff\xff\xff")
    return [["iommu"], ["iommu", "--scan"], ["devices"], ["exposure"]]


def acpi_no_length(image):
    """Structures of a DMAR or an IVRS that have no length, and would be read for ever."""
    for name in (b"DMAR", b"IVRS"):
        at = -1
        while (at := image.memory.find(name, at + 1)) >= 0:
            if at % 4 == 0:
                length = struct.unpack_from("<I", image.memory, at + 4)[0]
                if 48 < length < 4096:
                    image.patch(at + 48, bytes(length - 48))
                    image.patch(at + 9, bytes([(image.memory[at + 9] - sum(image.memory[at:at + length])) & 255]))
    return [["iommu"], ["iommu", "--scan"], ["devices"]]


def pci_lists(image):
    """65,536 buses below pci_root_buses, whose 256 functions are all the same list."""
    b = lambda name: image.offset("pci_bus", name)
    head = image.symbol("pci_root_buses")
    from image import apart
    count = 60_000
    old = image.u64(image.physical(head)) - b("node")
    devices = b("devices")
    sizes = [(b("node"), 16), (b("children"), 16), (devices, 16), (b("number"), 8), (b("sysdata"), 8), (b("self"), 8)]
    stride = apart(64, sizes)
    base = image.room(count * stride + PAGE)
    at = [image.virtual(base) + i * stride for i in range(count)]
    # 256 functions on each bus: a ring of their own per bus would take too much room; each bus has one, which leads back.
    bus_list = image.offset("pci_dev", "bus_list")
    image.forge(count, stride, [
        (b("node"), 8, [one + b("node") for one in at[1:]] + [head]), (b("node") + 8, 8, [head] + [one + b("node") for one in at[:-1]]),
        (b("children"), 8, [one + b("children") for one in at]), (b("children") + 8, 8, [one + b("children") for one in at]),
        (devices, 8, [one + devices for one in at]), (devices + 8, 8, [one + devices for one in at]),
        (b("number"), 8, [i & 255 for i in range(count)]), (b("sysdata"), 8, image.u64(image.physical(old) + b("sysdata"))), (b("self"), 8, 0)], base)
    del bus_list
    image.patch64(image.physical(head), at[0] + b("node"), at[-1] + b("node"))
    return [["pci"], ["devices"], ["iommu"], ["exposure"]]


def modules_list(image):
    """65,000 modules that are all the same text, with a hundred thousand symbols each."""
    m = lambda name: image.offset("module", name)
    head = image.symbol("modules")
    from image import apart
    links = m("list")
    first = image.u64(image.physical(head))
    template = image.translate(first - links)
    size = image.size("module")
    count = 65_000
    # Whole copies, so that each has the symbols of the first; as many as there is room for.
    copy = bytes(image.memory[template:template + size])
    count = min(count, (image._free[0] - PAGE) // size // 2)
    base = image.room(count * size + PAGE)
    image.memory[base:base + count * size] = copy * count
    at = [image.virtual(base) + i * size for i in range(count)]
    image.forge(count, size, [(links, 8, [one + links for one in at[1:]] + [head]), (links + 8, 8, [head] + [one + links for one in at[:-1]])], base)
    image.patch64(image.physical(head), at[0] + links, at[-1] + links)
    return [["modules"], ["modules", "-J"], ["symbols", "init_*"], ["symbols", "--jsonl"], ["explain", "init_task"], ["layout"], ["exposure"], ["hooks"]]


def caches_list(image):
    """Slab caches: as many as there is room for, all with the slabs of one."""
    c = lambda name: image.offset("kmem_cache", name)
    head = image.symbol("slab_caches")
    links = c("list")
    first = image.u64(image.physical(head)) - links
    size = image.size("kmem_cache")
    copy = bytes(image.memory[image.physical(first):image.physical(first) + size])
    count = min(1_000_000, (image._free[0] - PAGE) // size // 2)
    base = image.room(count * size + PAGE)
    image.memory[base:base + count * size] = copy * count
    at = [image.virtual(base) + i * size for i in range(count)]
    image.forge(count, size, [(links, 8, [one + links for one in at[1:]] + [head]), (links + 8, 8, [head] + [one + links for one in at[:-1]])], base)
    image.patch64(image.physical(head), at[0] + links, at[-1] + links)
    return [["slab"], ["slab", "-J"], ["page", "{page}"], ["pages"], ["slab", "{page}"]]


def resources_tree(image):
    """Resources that are children of each other for ever, or as many as there is room for."""
    r = {"start": 0, "end": 8, "name": 16, "flags": 24, "desc": 32, "parent": 40, "sibling": 48, "child": 56}
    root = image.symbol("iomem_resource")
    count = 3_000_000
    base = image.room(count * 64 + PAGE)
    at = [image.virtual(base) + i * 64 for i in range(count)]
    image.forge(count, 64, [
        (r["start"], 8, 0), (r["end"], 8, (1 << 40)), (r["name"], 8, image.u64(image.physical(root) + 16)), (r["flags"], 8, 0x200), (r["desc"], 8, 0),
        (r["parent"], 8, [root] + at[:-1]), (r["sibling"], 8, 0), (r["child"], 8, at[1:] + [at[0]])], base)
    image.patch64(image.physical(root) + r["child"], at[0])
    return [["resources"], ["resources", "-J"], ["info"], ["page", "{page}"], ["explain", "0xfed90000"]]


def resources_wide(image):
    """Three million resources beside each other."""
    root = image.symbol("iomem_resource")
    count = 3_000_000
    base = image.room(count * 64 + PAGE)
    at = [image.virtual(base) + i * 64 for i in range(count)]
    image.forge(count, 64, [
        (0, 8, [i * PAGE for i in range(count)]), (8, 8, [i * PAGE + PAGE - 1 for i in range(count)]), (16, 8, image.u64(image.physical(root) + 16)),
        (24, 8, 0x200), (32, 8, 0), (40, 8, root), (48, 8, at[1:] + [0]), (56, 8, 0)], base)
    image.patch64(image.physical(root) + 56, at[0])
    return [["resources"], ["info"], ["page", "{page}"]]


def evil_names(image):
    """Names that act: of tasks, modules, caches, drivers, resources and files."""
    comm = image.offset("task_struct", "comm")
    for row in image.ask("ps")["rows"]:
        image.patch(image.physical(int(row["task"], 16)) + comm, EVIL[:15] + b"\0")
    for row in image.ask("modules")["rows"]:
        image.patch(image.translate(int(row["object"], 16)) + image.offset("module", "name"), EVIL[:55] + b"\0")
    for names in (b"kmalloc-", b"e1000e\0", b"nvme\0", b"System RAM\0", b"PCI Bus 0000:00\0", b"0000:00:01.0\0", b"libc", b"init\0", b"dmar0\0", b"Reserved\0"):
        at = -1
        while (at := image.memory.find(names, at + 1)) >= 0:
            image.patch(at, EVIL[:len(names) - 1] if names[-1] == 0 else EVIL[:len(names)])
    return [["ps"], ["ps", "--args"], ["ps", "--env"], ["dmesg"], ["files"], ["sockets"], ["mounts"], ["cache"], ["stack"], ["vms"], ["memory"], ["find", "libc"],
            ["ps", "--tree"], ["modules"], ["modules", "--jsonl"], ["slab"], ["pages"], ["page", "{page}"], ["symbols"], ["symbols", "--csv"], ["pci"],
            ["devices"], ["devices", "-J"], ["iommu"], ["vmalloc"], ["buddy"], ["roots"], ["resources"], ["vmas"], ["vmas", "--jsonl"], ["vmas", "--csv"],
            ["exposure"], ["exposure", "-J"], ["explain", "init_task"], ["who", "{page}"], ["interrupts"], ["info"], ["types"], ["maps"], ["reach", "{page}"],
            ["dis", "schedule"], ["hooks"], ["hooks", "-J"], ["modules", "nonesuch\x1b[2J"], ["symbols", "a\u202eb"], ["types", "a\u2066b"]]


def evil_symbols(image):
    """Tokens of the names of symbols that act."""
    starts = token_table(image)
    lengths = {here: there - here - 1 for here, there in zip(starts, starts[1:])}
    # One of four letters is none of those that discovery looks for.
    image.patch([start for start, length in lengths.items() if length == 4][-1], b"\x1b[2J")
    return [["symbols"], ["symbols", "--jsonl"], ["symbols", "--csv"], ["vmalloc"], ["modules"], ["explain", "init_task"], ["pages"],
            ["dis", "schedule"], ["sql", "SELECT name FROM symbols"]]


def banner(image):
    """One letter of the banner changed."""
    at = image.physical(image.symbol("linux_banner"))
    image.patch(at, b"l")
    return [["info"], ["ps"]]


INTEL = [kernel_tables, process_tables, all_tables, looping_root, device_tables, five_device_tables, context_tables, interrupt_table, chain_of_parents,
         many_tasks, circle_of_tasks, many_threads, maple_of_one_node, vmalloc_list, btf_in_itself, kallsyms_tokens, acpi_lengths,
         acpi_no_length, pci_lists, modules_list, caches_list, resources_tree, resources_wide, evil_names, evil_symbols, banner]
SCALABLE = [pasid_directory]
AMD = [amd_device_table, many_areas_of_list]
