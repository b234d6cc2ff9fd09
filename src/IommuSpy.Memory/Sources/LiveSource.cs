using IommuSpy.Memory.Sources.Gdb;
using IommuSpy.Memory.Sources.Live;
using IommuSpy.Memory.Sources.Qemu;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Memory.Sources;

/// <summary>Memory that runs: of this machine, "live", "kcore" or "devmem"; of a guest, "qemu:PATH" or "gdb:HOST:PORT".</summary>
internal static class LiveSource
{
    private const string Qemu = "qemu:";
    private const string Gdb = "gdb:";

    /// <summary>Whether a name is that of a server which has a guest.</summary>
    internal static bool IsServer(string name) => name.StartsWith(Qemu, StringComparison.Ordinal) || name.StartsWith(Gdb, StringComparison.Ordinal);

    /// <summary>The image of what runs, or null where the name is a file's.</summary>
    /// <exception cref="MemoryImageException">It cannot be reached, or does not say what is needed.</exception>
    internal static MemoryImage? Open(string name, MemoryImageOptions options)
    {
        if (name.StartsWith(Qemu, StringComparison.Ordinal))
        {
            return QemuSource.Open(name, name[Qemu.Length..], options);
        }

        return name.StartsWith(Gdb, StringComparison.Ordinal) ? GdbSource.Open(name, name[Gdb.Length..], options)
            : RunningMachine.Open(name, RunningFiles.Here);
    }
}
