"""Tasks, areas and struct pages as drgn and crash read them, against ours: what bench/crosscheck.sh ends in.

    objects.drgn.py CORE VMLINUX CRASH-PAGES OURS

CORE is an ELF core that iommu-spy wrote, VMLINUX the kernel with its debug symbols, CRASH-PAGES what crash's `kmem -p` printed, and OURS a
directory with our rows: ps.jsonl, pages.jsonl, and one vmas-PID.jsonl a process. Areas are drgn's by way of their slab cache (every allocated object of
vm_area_struct), ours by way of the trees of the processes: two paths to one set.
"""

import json
import pathlib
import sys

import drgn
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.slab import find_slab_cache, slab_cache_for_each_allocated_object


def rows(path):
    with open(path, encoding="utf-8", errors="surrogateescape") as lines:
        return [json.loads(line) for line in lines]


def compare(what, peer, ours):
    only_peer, only_ours = peer - ours, ours - peer
    print(f"{what}: {len(peer)} by the peer, {len(ours)} by us, {len(only_peer)} and {len(only_ours)} of them the other's lack")
    for name, only in (("peer", only_peer), ("ours", only_ours)):
        for row in sorted(only, key=str)[:5]:
            print(f"  only {name}: {row}")
    return not only_peer and not only_ours


def tasks(prog, directory):
    peer = {(task.pid.value_(), task.tgid.value_(), task.value_(), task.mm.value_(), task.comm.string_().decode(errors="replace")) for task in for_each_task(prog)}
    ours = {(row["pid"], row["tgid"], int(row["task"], 16), int(row["mm"] or "0", 16), row["comm"]) for row in rows(directory / "ps.jsonl")}
    return compare("tasks (drgn)", peer, ours)


def areas(prog, directory):
    peer = set()
    of_processes = {task.mm.value_() for task in for_each_task(prog) if task.mm}
    for area in slab_cache_for_each_allocated_object(find_slab_cache(prog, "vm_area_struct"), "struct vm_area_struct"):
        # The cache also holds areas on their way to be freed, and those of no process.
        if area.vm_mm.value_() in of_processes:
            peer.add((area.value_(), area.vm_start.value_(), area.vm_end.value_()))
    ours = set()
    for path in directory.glob("vmas-*.jsonl"):
        ours |= {(int(row["vma"], 16), int(row["start"], 16), int(row["end"], 16)) for row in rows(path) if row["vma"]}
    return compare("areas (drgn)", peer, ours)


def pages(crash, directory):
    peer = set()
    with open(crash, encoding="ascii") as lines:
        for line in lines:
            fields = line.split()
            # PAGE PHYSICAL MAPPING INDEX CNT FLAGS and their names, with commas between.
            if len(fields) >= 6 and fields[0].startswith("ffff"):
                names = frozenset(fields[6].split(",")) if len(fields) > 6 else frozenset()
                peer.add((int(fields[1], 16) >> 12, int(fields[4]), names))
    ours = {(int(row["pfn"], 16), row["references"], frozenset(row["flags"])) for row in rows(directory / "pages.jsonl")}
    return compare("struct pages (crash)", peer, ours)


def main():
    core, vmlinux, crash, directory = sys.argv[1], sys.argv[2], sys.argv[3], pathlib.Path(sys.argv[4])
    prog = drgn.Program()
    prog.set_core_dump(core)
    prog.load_debug_info([vmlinux])
    same = [tasks(prog, directory), areas(prog, directory), pages(crash, directory)]
    sys.exit(0 if all(same) else 1)


main()
