using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Discovery;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Info;

/// <summary>Gathers an <see cref="InfoReport"/>: the facts, and beside them who witnessed each.</summary>
internal sealed class InfoBuilder(Machine machine)
{
    private readonly Dictionary<string, IReadOnlyList<string>> _provenance = new(StringComparer.Ordinal);
    private readonly List<string> _disagreements = [];

    public InfoReport Build()
    {
        KernelFacts facts = machine.Kernel.Facts;
        IReadOnlyList<PhysicalAddress>? processes = machine.Parts.ProcessTables;
        if (processes is not null)
        {
            _provenance[InfoReport.ProcessTablesFact] = [machine.Kernel.ProcessTables is null ? "the list of tasks" : "the kernel's list"];
        }

        static HexValue? Hex(ulong? value) => value is ulong number ? new(number) : null;
        return new(
            machine.Image.Path,
            machine.Image.Format,
            machine.Kernel.Layout.Description,
            Take("release", facts.Release)!,
            Take("banner", facts.Banner)!,
            Take("pagingLevels", facts.PagingLevels),
            Hex(TakeValue("kaslrOffset", facts.KaslrOffset)),
            new(Take("physicalBase", facts.PhysicalBase)),
            TakeValue("pageOffsetBase", facts.PageOffsetBase),
            TakeValue("vmallocBase", facts.VmallocBase),
            TakeValue("vmemmapBase", facts.VmemmapBase),
            TakeValue("modulesBase", facts.ModulesBase),
            machine.Kernel.Text.Start,
            machine.Kernel.Text.Physical,
            machine.Kernel.Text.Length,
            Take("root", facts.RootTable),
            processes?.Count,
            machine.Symbols?.Count ?? 0,
            machine.Kernel.Kallsyms?.Format.ToString() ?? machine.Kernel.KallsymsAbsence ?? "none",
            machine.Kernel.VmCoreInfo is not null,
            Take("entryMask", facts.EntryMask) != ulong.MaxValue,
            [.. machine.Image.Cpus.Select(Cpu)],
            machine.Kernel.Memory.ByteCount,
            machine.Kernel.MissingBytes,
            [.. machine.Kernel.Memory.Ranges.Select(RangeReport.Of)],
            _provenance,
            _disagreements,
            machine.Image.Damage)
        {
            ImageDistance = (machine.Kernel.Architecture.PhysicalBaseName, new(machine.Kernel.Architecture.DistanceOf(facts.PhysicalBase.Value))),
            ExcludedBytes = machine.Kernel.Memory.ExcludedBytes,
            LostBytes = machine.Kernel.Memory.LostBytes,
            DumpLevel = machine.Image.DumpLevel,
            Hostname = machine.Parts.Identity.Hostname,
            CommandLine = machine.Parts.Identity.CommandLine,
            Booted = machine.Parts.Clock.Value?.Boot,
            Taken = machine.Parts.Clock.Value?.Now,
            UptimeSeconds = machine.Parts.Clock.Value?.Uptime.TotalSeconds,
            Taint = machine.Parts.Identity.Taint,
            HasPanicked = machine.Parts.Identity.HasPanicked,
            Panic = machine.Parts.Identity.Panic,
        };
    }

    // While a CPU runs a virtual machine, its registers are those of the guest (QEMU's notes of a host that it emulates): its CR3 is no root of this kernel.
    private CpuReport Cpu(CpuState cpu, int number)
    {
        HexValue? cr3 = cpu.Find("CR3") is ulong value ? new(value) : null;
        string? guest = machine.Kernel.Architecture.RootOf(cpu, machine.Kernel.Mode) is PhysicalAddress root && !IsOwnRoot(root)
            ? machine.Parts.VirtualMachines.Value?.Machines
                .SelectMany(its => its.Cpus.Where(each => each.IsInGuest && each.HostCpu == number).Select(each => $"CPU {each.Number} of {its}"))
                .FirstOrDefault()
            : null;
        string? symbol = guest is null && cpu.InstructionPointer is VirtualAddress at ? machine.Parts.SymbolAt(at)?.ToString() : null;
        return new(cr3, cpu.InstructionPointer, symbol, guest);
    }

    private bool IsOwnRoot(PhysicalAddress root) => root == machine.Kernel.Space.Root
        || machine.Parts.ProcessTables?.Any(table => table == root || machine.Parts.UserHalfOf(table) == root) != false;

    private T? TakeValue<T>(string name, Fact<T>? fact)
        where T : struct, IEquatable<T>
    {
        Note(name, fact);
        return fact?.Value;
    }

    private T? Take<T>(string name, Fact<T> fact)
        where T : IEquatable<T>
    {
        Note(name, fact);
        return fact.Value;
    }

    private void Note<T>(string name, Fact<T>? fact)
        where T : IEquatable<T>
    {
        if (fact is null)
        {
            return;
        }

        _provenance[name] = [.. fact.Witnesses.Select(witness => witness.Source)];
        if (!fact.Agreed)
        {
            _disagreements.Add($"{name}: " + string.Join(", ", fact.Witnesses.Select(witness => $"{Text(witness.Value)} ({witness.Source})")));
        }
    }

    private static string Text<T>(T value) => value is ulong number ? $"0x{number:x}" : value?.ToString() ?? "";
}
