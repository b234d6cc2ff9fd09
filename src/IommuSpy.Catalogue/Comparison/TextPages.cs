using IommuSpy.Analysis;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Memory;

namespace IommuSpy.Catalogue.Comparison;

/// <summary>The kernel's own instructions, byte by byte: which functions are not what they were.</summary>
internal static class TextPages
{
    /// <summary>The name by which it is asked for.</summary>
    public const string Name = "text";

    private const string Idle = "static keys, static calls and ftrace patch single instructions when something is switched on";

    // No kernel's instructions take more; a forged symbol table may say otherwise.
    private const ulong MostBytes = 256UL << 20;

    /// <summary>Compares them.</summary>
    public static ComparedTable Of(Machine before, Machine after, bool sameBoot, Action<string> tell)
    {
        if (!sameBoot)
        {
            return Absent("instructions are compared of one boot alone: another one has its addresses in them");
        }

        if (after.Symbols is not { } symbols || !symbols.TryFind("_stext", out Symbol start) || !symbols.TryFind("_etext", out Symbol end)
            || end.Address.Value <= start.Address.Value || end.Address.Value - start.Address.Value > MostBytes)
        {
            return Absent("where the kernel's instructions are is not known: no symbols _stext and _etext");
        }

        Dictionary<string, long> changed = new(StringComparer.Ordinal);
        byte[] one = new byte[PageFrame.Size];
        byte[] other = new byte[PageFrame.Size];
        int pages = 0;
        int missing = 0;
        for (ulong at = start.Address.Value; at < end.Address.Value;)
        {
            int bytes = (int)Math.Min(end.Address.Value - at, (ulong)PageFrame.Size - (at % PageFrame.Size));
            Span<byte> earlier = one.AsSpan(0, bytes);
            Span<byte> later = other.AsSpan(0, bytes);
            pages++;
            if (before.Kernel.Space.Read(new(at), earlier) != bytes || after.Kernel.Space.Read(new(at), later) != bytes)
            {
                missing++;
            }
            else
            {
                for (int i = earlier.CommonPrefixLength(later); i < bytes; i++)
                {
                    if (earlier[i] != later[i])
                    {
                        string name = symbols.At(new(at + (ulong)i))?.Symbol.Name ?? new VirtualAddress(at + (ulong)i).ToString();
                        changed[name] = changed.GetValueOrDefault(name) + 1;
                    }
                }
            }

            at += (ulong)bytes;
        }

        if (missing > 0)
        {
            tell($"{Name}: {missing} of {pages} pages of the kernel's instructions are not in both captures");
        }

        return new(Name, pages, pages, null, Idle,
        [
            .. changed.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal)
                .Select(pair => new Difference(Name, Change.Changed, pair.Key, "bytes", null, null, pair.Value)),
        ]);
    }

    private static ComparedTable Absent(string why) => new(Name, 0, 0, why, Idle, []);
}
