"""drgn's first answer: opens the dump with the kernel's debug symbols, finds init_task, and reads its bytes.

It cannot translate on QEMU's ELF dumps: their segments carry no virtual addresses, and drgn looks for the root table by one ("recursive
address translation"). So it is told the physical address, and only what it can do is timed.
"""

import sys

import drgn

prog = drgn.Program()
prog.set_core_dump(sys.argv[1])
prog.load_debug_info([sys.argv[2]])
task = prog["init_task"]
print(hex(task.address_), prog.read(int(sys.argv[3], 0), 16, True).hex())
if len(sys.argv) > 4:
    try:
        print(task.comm)
    except drgn.FaultError as error:
        print(error)
