using System.Globalization;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Maps;
using IommuSpy.Lab;
using IommuSpy.Memory;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>QEMU's `info tlb` lists every leaf of the stopped CPU's tables, by a walk of its own.</summary>
public class QemuTlbTests
{
    // The letters of QEMU's print_pte and the bits they stand for (target/i386/monitor.c).
    private static readonly (int Bit, char Letter)[] Flags = [(63, 'X'), (8, 'G'), (7, 'P'), (6, 'D'), (5, 'A'), (4, 'C'), (3, 'T'), (2, 'U'), (1, 'W')];

    [Theory]
    [MemberData(nameof(Guests.Images), MemberType = typeof(Guests))]
    public void Leaves_of_the_stopped_CPUs_tables_are_those_that_QEMU_lists(string guest, string image)
    {
        Capture capture = Guests.Capture(guest);
        Machine machine = GuestMachine.Open(guest, image);
        List<string> ours = [];
        MappingList.Visit(machine, new(StoppedCpuRoot(capture), SingleLeaves: true), leaf => ours.Add(Line(leaf)));
        string[] oracle = [.. File.ReadLines(capture.Oracle("tlb.txt")).Select(line => line.Trim()).Where(line => line.Length > 0)];
        LineComparison.Equal(oracle, ours);
    }

    /// <summary>The root that CPU 0, which the monitor speaks for, had in CR3.</summary>
    private static PhysicalAddress StoppedCpuRoot(Capture capture)
    {
        const string Label = "CR3=";
        string registers = File.ReadAllText(capture.Oracle("registers.txt"));
        int at = registers.IndexOf(Label, StringComparison.Ordinal) + Label.Length;
        return new(ulong.Parse(registers.AsSpan(at, 16), NumberStyles.HexNumber, CultureInfo.InvariantCulture) & 0x000f_ffff_ffff_f000);
    }

    private static string Line(Mapping leaf) =>
        $"{leaf.Virtual.Value:x16}: {leaf.Physical.Value:x16} {string.Concat(Flags.Select(flag => (leaf.Entry & (1UL << flag.Bit)) != 0 ? flag.Letter : '-'))}";
}
