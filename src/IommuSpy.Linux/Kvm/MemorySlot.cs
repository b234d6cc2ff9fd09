using IommuSpy.Memory;

namespace IommuSpy.Linux.Kvm;

/// <summary>A run of a virtual machine's physical memory, and the memory of its process that stands for it (struct kvm_memory_slot).</summary>
/// <param name="Number">Its number among those of its space, as its process gave it.</param>
/// <param name="Space">0 for what the machine sees; 1 for what it sees in system management mode.</param>
/// <param name="Start">Its first guest-physical address.</param>
/// <param name="Bytes">How long it is: whole pages.</param>
/// <param name="User">Where in the process's memory it begins.</param>
/// <param name="Flags">As the kernel has them: 1 for pages whose writes are logged, 2 read-only, 4 with memory of guest_memfd.</param>
public sealed record MemorySlot(int Number, int Space, PhysicalAddress Start, ulong Bytes, VirtualAddress User, ulong Flags)
{
    private static readonly (ulong Bit, string Name)[] FlagNamesByBit = [(1, "log-dirty"), (2, "read-only"), (4, "guest-memfd")];

    /// <summary>Its guest-physical addresses.</summary>
    public PhysicalRange Range => new(Start, Bytes);

    /// <summary>Whether writes of the guest leave to its process.</summary>
    public bool IsReadOnly => (Flags & 2) != 0;

    /// <summary>Whether some of its memory is private to the machine, and not its process's.</summary>
    public bool HasPrivateMemory => (Flags & 4) != 0;

    /// <summary>Its flags by name; those without one as a number.</summary>
    public IReadOnlyList<string> FlagNames
    {
        get
        {
            ulong rest = FlagNamesByBit.Aggregate(Flags, (left, flag) => left & ~flag.Bit);
            return [.. FlagNamesByBit.Where(flag => (Flags & flag.Bit) != 0).Select(flag => flag.Name), .. rest == 0 ? Array.Empty<string>() : [$"0x{rest:x}"]];
        }
    }

    /// <summary>Where in the process's memory a guest-physical address of the slot is.</summary>
    public VirtualAddress UserOf(PhysicalAddress address) => User + (address.Value - Start.Value);
}
