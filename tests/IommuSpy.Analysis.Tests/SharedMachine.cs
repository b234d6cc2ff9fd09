using IommuSpy.Testing.Kernel;
using IommuSpy.Testing.X64;

namespace IommuSpy.Analysis.Tests;

/// <summary>One 6.1 with page-table isolation for all tests that only ask. Its first process has entries of every kind.</summary>
public sealed class SharedMachine : IDisposable
{
    /// <summary>The page below the non-present entries: 0x50000000 + 4096 n is entry n.</summary>
    public const ulong Odd = 0x5000_0000;

    /// <summary>Where the first process maps the second one's first page.</summary>
    public const ulong Shared = 0x5100_0000;

    /// <summary>Non-present entries from <see cref="Odd"/> on, and what each is.</summary>
    public static readonly (ulong Entry, string Kind, string Reason)[] OddEntries =
    [
        (0x07ff_ffff_ffdb_9600, "Swap", "swapped out: device 0, page 0x1234 of it"),
        (0x000f_ffff_fffe_d120, "ProtNone", "PROT_NONE: no access, the page is still in memory, pfn 0x12"),
        (0xbfff_ffff_ffdb_9600, "Migration", "migrating: pfn 0x1234 is being moved (type 23)"),
        (0xb7ff_ffff_ffdb_9600, "HardwarePoison", "poisoned: the memory of pfn 0x1234 is broken (type 22)"),
        (0xf7ff_ffff_ffff_fc00, "Marker", "marker for the fault handler, no page: 0x1 (type 30)"),
        (0, "Empty", "nothing mapped: the entry is 0"),
    ];

    public SharedMachine() => Synthetic = SyntheticMachine.Of(new() { Pti = true }, (memory, kernel) =>
    {
        PageTableBuilder process = PageTables(memory, kernel);
        foreach ((int i, (ulong entry, string _, string _)) in OddEntries.Index())
        {
            process.SetEntry(new(Odd + ((ulong)i << 12)), 1, entry);
        }

        process.Map4K(new(Shared), kernel.Processes[1].Pages[0].Physical, PageTableBuilder.UserReadable);
    });

    public SyntheticMachine Synthetic { get; }

    public Machine Machine => Synthetic.Machine;

    public BuiltKernel Kernel => Synthetic.Kernel;

    /// <summary>The tables of the first process, to be added to.</summary>
    public static PageTableBuilder PageTables(PhysicalMemoryBuilder memory, BuiltKernel kernel) =>
        new(memory, kernel.Made.Levels, kernel.Processes[0].Root, kernel.Tables.AllocateTable) { EncryptionBit = kernel.Made.EncryptionBit };

    public void Dispose() => Synthetic.Dispose();
}
