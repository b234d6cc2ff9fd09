using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Analysis.Read;

/// <summary>Reads bytes by physical or virtual address, and says where and why they end.</summary>
public static class MemoryReader
{
    /// <summary>Reads physical memory.</summary>
    /// <param name="memory">The memory.</param>
    /// <param name="address">First byte.</param>
    /// <param name="destination">Where the bytes go.</param>
    public static ReadResult Physical(PhysicalMemory memory, PhysicalAddress address, Span<byte> destination)
    {
        int read = memory.Read(address, destination);
        ulong end = address.Value + (ulong)read;
        return new(read, read == destination.Length ? null : $"physical 0x{end:x} is {memory.WhyUnread(new(end))}");
    }

    /// <summary>Reads through page tables.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="root">The top table; null for the kernel's own.</param>
    /// <param name="address">First byte.</param>
    /// <param name="destination">Where the bytes go.</param>
    public static ReadResult Virtual(Machine machine, PhysicalAddress? root, VirtualAddress address, Span<byte> destination)
    {
        AddressSpace space = machine.Space(root);
        int read = space.Read(address, destination);
        if (read == destination.Length)
        {
            return new(read, null);
        }

        VirtualAddress end = address + (ulong)read;
        Translate.TranslationReport report = Translate.TranslationReport.Of(machine, end, root);
        string reason = report.Reason
            ?? $"its page is at physical {report.Physical}, which is {machine.Kernel.Memory.WhyUnread(report.Physical!.Value)}";
        return new(read, $"{end}: {reason}");
    }
}
