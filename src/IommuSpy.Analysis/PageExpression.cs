using System.Diagnostics.CodeAnalysis;
using IommuSpy.Memory;

namespace IommuSpy.Analysis;

/// <summary>
/// A physical page as a user names it: a pfn, a physical address, a kernel virtual address, or a symbol[+offset]. A bare number is a pfn where the machine has
/// a frame of that number, else a physical address; "pfn:" or "phys:" before it says which.
/// </summary>
public static class PageExpression
{
    private const string FramePrefix = "pfn:";
    private const string PhysicalPrefix = "phys:";
    private const ulong MaxPhysical = 1UL << 52;

    /// <summary>Reads it.</summary>
    /// <param name="machine">The machine whose page it is.</param>
    /// <param name="text">What the user wrote.</param>
    /// <param name="address">The physical address: of a pfn, the frame's first byte.</param>
    /// <param name="problem">What is wrong, in one line; null where nothing is.</param>
    public static bool TryParse(Machine machine, string text, out PhysicalAddress address, [NotNullWhen(false)] out string? problem)
    {
        address = default;
        string trimmed = text.Trim();
        if (trimmed.StartsWith(FramePrefix, StringComparison.OrdinalIgnoreCase))
        {
            return Physical(AddressExpression.TryParseNumber(trimmed.AsSpan(FramePrefix.Length), out ulong frame) && frame < MaxPhysical >> PageFrame.Shift ? new PageFrame(frame).Address : null, text, out address, out problem);
        }

        if (trimmed.StartsWith(PhysicalPrefix, StringComparison.OrdinalIgnoreCase))
        {
            return Physical(AddressExpression.TryParseNumber(trimmed.AsSpan(PhysicalPrefix.Length), out ulong at) && at < MaxPhysical ? new PhysicalAddress(at) : null, text, out address, out problem);
        }

        if (!AddressExpression.TryParse(text, machine.Symbols, out ulong number, out problem))
        {
            return false;
        }

        if (number < MaxPhysical)
        {
            IReadOnlyList<PhysicalRange> ranges = machine.Kernel.Memory.Ranges;
            ulong frames = ranges.Count == 0 ? 0 : ranges[^1].Last.Frame.Number + 1;
            address = number < frames ? new PageFrame(number).Address : new(number);
            return true;
        }

        if (machine.Kernel.Space.TryTranslate(new(number), out address))
        {
            return true;
        }

        problem = $"'{text}': the kernel maps nothing at {new VirtualAddress(number)}";
        return false;
    }

    private static bool Physical(PhysicalAddress? read, string text, out PhysicalAddress address, [NotNullWhen(false)] out string? problem)
    {
        address = read ?? default;
        problem = read is null ? $"'{text}': no number of at most 52 bits follows the colon" : null;
        return read is not null;
    }
}
