using System.Globalization;

namespace IommuSpy.Memory.Sources.Qemu;

/// <summary>Reads what QEMU's human monitor prints.</summary>
internal static class MonitorText
{
    // Linux can address more; a guest of more is a server that wants to be read for ever.
    private const ulong MostBytes = 1UL << 44;

    /// <summary>Whether runs are more than any guest has.</summary>
    internal static bool IsTooMuch(IReadOnlyList<RamRun> runs) => runs.Aggregate((UInt128)0, (sum, run) => sum + run.Range.Length) > MostBytes;

    /// <summary>The runs of RAM and ROM that CPUs see, by `info mtree -f`: of the flat view of the address space "memory".</summary>
    internal static List<RamRun> Ram(string text)
    {
        List<RamRun> runs = [];
        bool isMemory = false;
        foreach (string line in text.Split('\n', StringSplitOptions.TrimEntries))
        {
            if (line.StartsWith("FlatView", StringComparison.Ordinal))
            {
                if (isMemory && runs.Count > 0)
                {
                    break;
                }

                isMemory = false;
            }
            else if (line.StartsWith("AS \"memory\"", StringComparison.Ordinal))
            {
                isMemory = true;
            }
            else if (isMemory && Run(line) is RamRun run)
            {
                runs.Add(run);
            }
        }

        return runs;
    }

    /// <summary>The CPUs' registers, by `info registers -a`: those that translation needs.</summary>
    internal static List<CpuState> Cpus(string text)
    {
        List<CpuState> cpus = [];
        foreach (string cpu in text.Split("CPU#").Skip(1))
        {
            Dictionary<string, ulong> registers = new(StringComparer.Ordinal);
            foreach (string word in cpu.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries))
            {
                int equals = word.IndexOf('=', StringComparison.Ordinal);
                if (equals > 0 && ulong.TryParse(word.AsSpan(equals + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value))
                {
                    registers.TryAdd(word[..equals], value);
                }
            }

            if (registers.TryGetValue("CR0", out ulong cr0) && registers.TryGetValue("CR3", out ulong cr3) && registers.TryGetValue("CR4", out ulong cr4)
                && (registers.TryGetValue("RIP", out ulong rip) || registers.TryGetValue("EIP", out rip))
                && (registers.TryGetValue("RSP", out ulong rsp) || registers.TryGetValue("ESP", out rsp)))
            {
                cpus.Add(CpuState.With(new(rip), new(rsp), ("CR0", cr0), ("CR3", cr3), ("CR4", cr4)));
            }
        }

        return cpus;
    }

    // "0000000000100000-000000001fffffff (prio 0, ram): pc.ram @0000000000100000 KVM"
    private static RamRun? Run(string line)
    {
        int dash = line.IndexOf('-', StringComparison.Ordinal);
        int space = line.IndexOf(' ', StringComparison.Ordinal);
        int colon = line.IndexOf("): ", StringComparison.Ordinal);
        if (dash < 0 || space < dash || colon < space
            || !ulong.TryParse(line.AsSpan(0, dash), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong start)
            || !ulong.TryParse(line.AsSpan(dash + 1, space - dash - 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong last)
            || last < start)
        {
            return null;
        }

        string kind = line[(line.LastIndexOf(' ', colon) + 1)..colon];
        if (kind is not ("ram" or "rom" or "romd"))
        {
            return null;
        }

        string name = line[(colon + 3)..];
        ulong offset = 0;
        int at = name.IndexOf(" @", StringComparison.Ordinal);
        if (at >= 0)
        {
            string digits = name[(at + 2)..].Split(' ')[0];
            name = name[..at];
            if (!ulong.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out offset))
            {
                return null;
            }
        }

        return new(new(new(start), last - start + 1), name.Split(' ')[0], offset);
    }
}
