using System.Diagnostics.CodeAnalysis;
using IommuSpy.Memory;

namespace IommuSpy.Analysis;

/// <summary>
/// A physical page as a user names it: "pfn:" or "phys:" and a number, a kernel virtual address, or a symbol. A bare number that may be a pfn of this machine
/// is refused, since it is one on a large machine and a physical address on a small one; a larger one is a physical address.
/// </summary>
public static class PageExpression
{
    private const ulong MaxPhysical = 1UL << 52;

    /// <summary>Reads the text that names a page.</summary>
    /// <param name="machine">The machine whose page it is.</param>
    /// <param name="text">What the user wrote.</param>
    /// <param name="pages">The physical addresses: of a pfn, the frame's first byte; of a per-CPU symbol, one a CPU, with its name.</param>
    /// <param name="problem">What is wrong; null where nothing is.</param>
    public static bool TryParse(Machine machine, string text, out IReadOnlyList<NamedAddress> pages, [NotNullWhen(false)] out AddressProblem? problem)
    {
        pages = [];
        if (!AddressExpression.TryParse(text, machine, out IReadOnlyList<NamedAddress> addresses, out problem))
        {
            return false;
        }

        List<NamedAddress> found = [];
        foreach (NamedAddress address in addresses)
        {
            problem = Place(machine, text, address, out PhysicalAddress physical);
            if (problem is not null)
            {
                return false;
            }

            found.Add(new(AddressSort.Physical, physical.Value, address.Name));
        }

        pages = found;
        return true;
    }

    private static AddressProblem? Place(Machine machine, string text, NamedAddress address, out PhysicalAddress physical)
    {
        physical = address.Physical;
        switch (address.Sort)
        {
            case AddressSort.Physical:
                return null;
            case AddressSort.GuestPhysical or AddressSort.IoVirtual:
                return new($"'{text}' is {address.SortText}: a page of physical memory is wanted here"
                    + (address.Sort == AddressSort.IoVirtual ? " (translate --device tells which)" : ""));
            case AddressSort.Unsaid when address.Value < MaxPhysical:
                IReadOnlyList<PhysicalRange> ranges = machine.Kernel.Memory.Ranges;
                ulong frames = ranges.Count == 0 ? 0 : ranges[^1].Last.Frame.Number + 1;
                return address.Value >= frames ? null
                    : new($"'{text}' may be a page frame number or a physical address: write pfn:0x{address.Value:x} or phys:0x{address.Value:x}");
            default:
                return machine.Kernel.Space.TryTranslate(address.Virtual, out physical) ? null
                    : new($"'{text}': the kernel maps nothing at {address.Virtual}", IsBadText: false);
        }
    }
}
