using System.Buffers.Binary;
using System.Globalization;

namespace IommuSpy.Memory.Sources.Gdb;

/// <summary>
/// The control registers out of a stub's register packet. Where they stand in it is what the stub's target description says (GDB manual, appendix G).
/// </summary>
internal static class GdbRegisters
{
    /// <summary>The registers of each CPU; none where the stub does not describe them.</summary>
    internal static List<CpuState> Read(GdbClient gdb)
    {
        List<CpuState> cpus = [];
        Dictionary<string, int> places = Places(gdb);
        if (!places.ContainsKey("cr3"))
        {
            return cpus;
        }

        foreach (string thread in Threads(gdb))
        {
            if (gdb.Ask("Hg" + thread) == "OK" && GdbClient.TryHex(gdb.Ask("g"), out byte[] registers)
                && Register(registers, places, "cr0") is ulong cr0 && Register(registers, places, "cr3") is ulong cr3
                && Register(registers, places, "cr4") is ulong cr4
                && Register(registers, places, "rip") is ulong rip && Register(registers, places, "rsp") is ulong rsp)
            {
                cpus.Add(CpuState.With(new(rip), new(rsp), ("CR0", cr0), ("CR3", cr3), ("CR4", cr4)));
            }
        }

        return cpus;
    }

    private static ulong? Register(byte[] registers, Dictionary<string, int> places, string name) =>
        places.TryGetValue(name, out int at) && at + sizeof(ulong) <= registers.Length ? BinaryPrimitives.ReadUInt64LittleEndian(registers.AsSpan(at)) : null;

    private static List<string> Threads(GdbClient gdb)
    {
        const int MostCpus = 4096;
        List<string> threads = [];
        for (string answer = gdb.Ask("qfThreadInfo"); answer.StartsWith('m') && threads.Count < MostCpus; answer = gdb.Ask("qsThreadInfo"))
        {
            threads.AddRange(answer[1..].Split(',', StringSplitOptions.RemoveEmptyEntries));
        }

        return threads;
    }

    // Registers of 64 bits, by the bytes of those described before them.
    private static Dictionary<string, int> Places(GdbClient gdb)
    {
        Dictionary<string, int> places = new(StringComparer.Ordinal);
        string? target = gdb.Feature("target.xml");
        int at = 0;
        foreach (string file in target is null ? [] : Attributes(target, "<xi:include ", "href"))
        {
            string text = gdb.Feature(file) ?? "";
            foreach (string register in text.Split("<reg ").Skip(1))
            {
                string tag = register[..Math.Max(0, register.IndexOf('>', StringComparison.Ordinal))];
                string? name = Attribute(tag, "name");
                if (name is null || !int.TryParse(Attribute(tag, "bitsize"), NumberStyles.None, CultureInfo.InvariantCulture, out int bits) || bits > 1 << 16)
                {
                    return places;
                }

                if (bits == 64)
                {
                    places[name] = at;
                }

                at += bits / 8;
            }
        }

        return places;
    }

    private static IEnumerable<string> Attributes(string text, string tag, string attribute) =>
        text.Split(tag).Skip(1).Select(part => Attribute(part, attribute)).OfType<string>();

    private static string? Attribute(string text, string name)
    {
        int at = text.IndexOf(name + "=\"", StringComparison.Ordinal);
        int start = at + name.Length + 2;
        int end = at < 0 ? -1 : text.IndexOf('"', start);
        return end < 0 ? null : text[start..end];
    }
}
