using IommuSpy.Memory.Formats.Foreign;

namespace IommuSpy.Memory;

/// <summary>What can be done with a format.</summary>
/// <param name="Name">What people call it; the name for `convert --format` where it can be written.</param>
/// <param name="Reads">Whether it can be read.</param>
/// <param name="Writes">Whether it can be written.</param>
/// <param name="Streams">Whether it can be written into a pipe.</param>
/// <param name="RecognisedBy">How a file of it is recognised.</param>
/// <param name="Carries">What it carries besides memory.</param>
/// <param name="MadeBy">What makes such files.</param>
public sealed record FormatDescription(string Name, bool Reads, bool Writes, bool Streams, string RecognisedBy, string Carries, string MadeBy)
{
    /// <summary>Kinds of files that are no memory image, or none that is read: "a VHDX disk image". Each is refused by name, with what to do instead.</summary>
    public static IReadOnlyList<string> Refused { get; } = [.. ForeignKind.Names];

    /// <summary>All formats that can be read or written.</summary>
    public static IReadOnlyList<FormatDescription> All { get; } =
    [
        new("elf", true, true, true, "ELF, 64-bit core", "CPU registers and VMCOREINFO, as notes; which pages were left out",
            "QEMU dump-guest-memory, virsh dump --memory-only, /proc/vmcore, makedumpfile -E, VirtualBox dumpvmcore"),
        new("xen", true, false, false, "ELF core with sections only", "CPU registers", "xl dump-core of a guest with its own physical memory (HVM, PVH)"),
        new("kdump", true, true, true, "\"KDUMP\"", "CPU registers, VMCOREINFO, which pages were left out",
            "makedumpfile -c, -l, -p, -z, split sets; QEMU dump-guest-memory -z, -l, -s; into a pipe it is flattened"),
        new("flattened", true, true, true, "\"makedumpfile\"", "what the dump inside carries", "makedumpfile -F, QEMU dump-guest-memory -z"),
        new("lime", true, true, true, "\"EMiL\"", "nothing", "LiME; avml without --compress"),
        new("avml", true, true, true, "\"AVML\"", "nothing", "avml --compress"),
        new("savevm", true, false, false, "\"QEVM\"", "nothing", "QEMU migrate to a file; virsh save and virsh dump, their wrapper taken off"),
        new("raw", true, true, true, "nothing: what no other is", "nothing",
            "/dev/mem copies, LiME padded, QEMU pmemsave, QEMU memory-backend-file, Firecracker memory files, Cloud Hypervisor memory-ranges (by the "
                + "state.json beside them), VMware .vmem (by the .vmss or .vmsn beside it)"),
        new("gzip, xz, zstd, lz4, bzip2", true, false, false, "their signatures", "what the image inside carries",
            "anything, compressed; unpacked once into $XDG_CACHE_HOME/iommu-spy"),
        new("live", true, false, false, "the name, and where none is given", "what the kernel says of itself in /proc and /sys",
            "this machine: /proc/kcore, else /dev/mem; kcore or devmem asks for one of them"),
        new("qemu:PATH", true, false, false, "the name", "CPU registers; --pause stops the guest",
            "a running QEMU's QMP socket (-qmp unix:PATH,server=on,wait=off)"),
        new("gdb:HOST:PORT", true, false, false, "the name", "CPU registers; the guest stands still meanwhile",
            "a gdbstub with physical addresses (QEMU -gdb tcp:127.0.0.1:PORT)"),
    ];
}
