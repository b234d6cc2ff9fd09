using IommuSpy.Analysis;
using IommuSpy.Memory;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>Writes to a copy of a guest's RAM file, of memory without a hole, what somebody who owned the kernel would have written.</summary>
internal static class ForgedMemory
{
    /// <summary>Writes bytes where the kernel has an address.</summary>
    public static void Write(FileStream file, Machine machine, VirtualAddress address, ReadOnlySpan<byte> bytes)
    {
        Assert.True(machine.Kernel.Space.TryTranslate(address, out PhysicalAddress physical));
        file.Position = (long)(physical.Value - machine.Kernel.Memory.Ranges[0].Start.Value);
        file.Write(bytes);
    }

    /// <summary>list_del of include/linux/list.h, of a list_head.</summary>
    public static void Unlink(FileStream file, Machine machine, VirtualAddress entry)
    {
        Assert.True(machine.Kernel.Space.TryRead(entry, out ulong next));
        Assert.True(machine.Kernel.Space.TryRead(entry + 8, out ulong previous));
        Write(file, machine, new(previous), BitConverter.GetBytes(next));
        Write(file, machine, new VirtualAddress(next) + 8, BitConverter.GetBytes(previous));
    }
}
