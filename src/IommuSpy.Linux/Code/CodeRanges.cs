using IommuSpy.Memory;

namespace IommuSpy.Linux.Code;

/// <summary>Where code can be.</summary>
/// <param name="ranges">The first byte and the number of bytes of each range.</param>
internal sealed class CodeRanges(IReadOnlyList<(VirtualAddress Start, ulong Bytes)> ranges)
{
    /// <summary>The kernel's: its text, and that which is freed after its start (include/asm-generic/sections.h).</summary>
    public static CodeRanges Of(LinuxKernel kernel)
    {
        List<(VirtualAddress, ulong)> ranges = [];
        foreach ((string first, string end) in (ReadOnlySpan<(string, string)>)[("_stext", "_etext"), ("_text", "_etext"), ("_sinittext", "_einittext")])
        {
            if (kernel.AddressOf(first) is VirtualAddress start && kernel.AddressOf(end) is VirtualAddress stop && stop.Value > start.Value)
            {
                ranges.Add((start, stop - start));
            }
        }

        return new(ranges);
    }

    /// <summary>Whether an address is in one.</summary>
    public bool Contains(VirtualAddress address)
    {
        foreach ((VirtualAddress start, ulong bytes) in ranges)
        {
            if (address - start < bytes)
            {
                return true;
            }
        }

        return false;
    }
}
