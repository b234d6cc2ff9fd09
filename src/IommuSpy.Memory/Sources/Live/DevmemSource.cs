using IommuSpy.Memory.Sources.Devmem;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Memory.Sources.Live;

/// <summary>The running machine's memory through /dev/mem, where the kernel does not restrict it (CONFIG_STRICT_DEVMEM), or su-devmem lifts that.</summary>
internal static class DevmemSource
{
    /// <summary>Opens /dev/mem as an image.</summary>
    /// <param name="name">What users call the source.</param>
    /// <param name="files">The running machine's files.</param>
    /// <exception cref="MemoryImageException">It cannot be opened, or is restricted: one line, and what would help.</exception>
    internal static MemoryImage Open(string name, RunningFiles files)
    {
        DevMem device = DevMem.Open(files);
        try
        {
            string path = files.PathOf("dev/mem");
            IReadOnlyList<PhysicalRange> ram = IomemEntry.Memory(IomemEntry.Parse(files.Text("proc/iomem") ?? ""));
            if (ram.Count == 0)
            {
                throw new MemoryImageException($"{path}: /proc/iomem does not tell where memory is: that takes CAP_SYS_ADMIN");
            }

            // The last page: what is below 1 MiB is never refused.
            Span<byte> probe = stackalloc byte[sizeof(ulong)];
            if (device.Read(new(ram[^1].Last.Value & ~(ulong)(PageFrame.Size - 1)), probe, AccessWidth.Bits64, out string? refusal) != probe.Length)
            {
                throw new MemoryImageException($"{path}: {refusal}");
            }

            DevMemBytes bytes = new(device);
            PhysicalMemory memory = new(ram.Select(range => MemorySegment.Behind(new DeviceReader(bytes, range.Start.Value), range))) { Changes = true };
            return new(name, [device], "running machine, /dev/mem", [new(memory, "System RAM of /proc/iomem, through /dev/mem")]) { SystemFiles = files };
        }
        catch (MemoryImageException)
        {
            device.Dispose();
            throw;
        }
    }
}
