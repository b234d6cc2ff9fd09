using IommuSpy.Memory.Sources.Gdb;
using IommuSpy.Memory.Sources.Qemu;

namespace IommuSpy.Memory.Sources;

/// <summary>Memory of a running guest, named by "qemu:PATH" or "gdb:HOST:PORT".</summary>
internal static class LiveSource
{
    private const string Qemu = "qemu:";
    private const string Gdb = "gdb:";

    /// <summary>The image of a running guest, or null where the name is a file's.</summary>
    /// <exception cref="MemoryImageException">The guest cannot be reached, or does not say what is needed.</exception>
    internal static MemoryImage? Open(string name, MemoryImageOptions options)
    {
        if (name.StartsWith(Qemu, StringComparison.Ordinal))
        {
            return QemuSource.Open(name, name[Qemu.Length..], options);
        }

        return name.StartsWith(Gdb, StringComparison.Ordinal) ? GdbSource.Open(name, name[Gdb.Length..], options) : null;
    }
}
