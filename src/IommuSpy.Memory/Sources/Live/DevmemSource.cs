using IommuSpy.Memory.Systems;
using Microsoft.Win32.SafeHandles;

namespace IommuSpy.Memory.Sources.Live;

/// <summary>The running machine's memory through /dev/mem, where the kernel does not restrict it (CONFIG_STRICT_DEVMEM), or su-devmem lifts that.</summary>
internal static class DevmemSource
{
    private const string Device = "dev/mem";

    // Up to here the kernel lets anyone read who may open it, restricted or not.
    private const ulong Unrestricted = 1 << 20;

    /// <summary>Opens it.</summary>
    /// <param name="name">What users call the source.</param>
    /// <param name="files">The running machine's files.</param>
    /// <exception cref="MemoryImageException">It cannot be opened, or is restricted: one line, and what would help.</exception>
    internal static MemoryImage Open(string name, RunningFiles files)
    {
        string path = files.PathOf(Device);
        IReadOnlyList<PhysicalRange> ram = IomemEntry.Memory(IomemEntry.Parse(files.Text("proc/iomem") ?? ""));
        SafeFileHandle file = OpenFile(path, files);
        try
        {
            if (ram.Count == 0)
            {
                throw new MemoryImageException($"{path}: /proc/iomem does not tell where memory is: that takes CAP_SYS_ADMIN");
            }

            PhysicalRange above = ram.Where(range => range.Last.Value >= Unrestricted).DefaultIfEmpty(ram[^1]).First();
            DeviceReader reader = new(file, 0);
            Span<byte> probe = stackalloc byte[sizeof(ulong)];
            if (reader.Read(above.Last.Value & ~(ulong)(PageFrame.Size - 1), probe) != probe.Length)
            {
                throw new MemoryImageException($"{path}: the kernel restricts it to the first 1 MiB and to devices (CONFIG_STRICT_DEVMEM): load su-devmem.ko, or use -s kcore");
            }

            PhysicalMemory memory = new(ram.Select(range => MemorySegment.Behind(new DeviceReader(file, range.Start.Value), range)));
            return new(name, [file], "running machine, /dev/mem", [new(memory, "System RAM of /proc/iomem, through /dev/mem")]) { SystemFiles = files };
        }
        catch (MemoryImageException)
        {
            file.Dispose();
            throw;
        }
    }

    private static SafeFileHandle OpenFile(string path, RunningFiles files)
    {
        try
        {
            return File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string reason = e is FileNotFoundException or DirectoryNotFoundException
                ? "there is none: this kernel is built without CONFIG_DEVMEM"
                : Privileges.Of(files) is { Lockdown: "integrity" } privileges && privileges.Refusal is null
                    ? "kernel lockdown forbids it: use -s kcore, or boot with lockdown=none"
                    : Privileges.Of(files).Refusal ?? e.Message;
            throw new MemoryImageException($"{path}: {reason}", e);
        }
    }
}
