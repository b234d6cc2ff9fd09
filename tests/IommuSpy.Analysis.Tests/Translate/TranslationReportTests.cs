using IommuSpy.Analysis.Translate;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Analysis.Tests.Translate;

/// <summary>Translations of a machine whose every answer is known.</summary>
public class TranslationReportTests(SharedMachine shared) : IClassFixture<SharedMachine>
{
    private Machine Machine => shared.Machine;

    [Fact]
    public void ADirectMapAddressHasThreeStepsToALargePage()
    {
        TranslationReport report = TranslationReport.Of(Machine, new(0xffff_8880_0123_4567));
        Assert.Equal("kernel logical address", report.Kind);
        Assert.Equal(shared.Kernel.Root, report.Root);
        Assert.Equal(new PhysicalAddress(0x0123_4567), report.Physical);
        Assert.Equal(2UL << 20, report.PageSize);
        Assert.Equal(["PML4 273", "PDPT 0", "PD 9"], report.Steps.Select(step => $"{step.Table} {step.Index}"));
        Assert.Equal([4, 3, 2], report.Steps.Select(step => step.Level));
        Assert.Equal(shared.Kernel.Root + (273 * 8), report.Steps[0].EntryAddress);
        Assert.Equal(new(0x8000_0000_0120_01e3), report.Steps[2].Entry);
        Assert.Equal(["P", "RW", "A", "D", "PS", "G", "NX"], report.Steps[2].Flags);
        Assert.Equal("kernel rw-", report.Rights);
        Assert.True(report.RightsAgree);
        Assert.Null(report.Reason);
        Assert.Null(report.NotPresent);
    }

    /// <summary>
    /// Under page-table isolation the top entry of the kernel half takes execution from all of user space; in user mode the CPU goes through the user half.
    /// </summary>
    [Fact]
    public void RightsOfAUserAddressAreThoseOfTheUserHalf()
    {
        BuiltProcess process = shared.Kernel.Processes[0];
        TranslationReport report = TranslationReport.Of(Machine, new(0x0040_0123), process.Root);
        Assert.Equal(("user virtual address", "user r-x", true, process.UserHalf), (report.Kind, report.Rights, report.RightsAgree, report.UserHalf));
        TranslationReport inUserMode = TranslationReport.Of(Machine, new(0x0040_0123), process.UserHalf);
        Assert.Equal(("user r-x", true), (inUserMode.Rights, inUserMode.RightsAgree));
        Assert.Equal(report.Physical, inUserMode.Physical);
    }

    [Fact]
    public void EveryPageOfEveryProcessIsWhereItWasPut()
    {
        foreach (BuiltProcess process in shared.Kernel.Processes)
        {
            foreach ((VirtualAddress address, PhysicalAddress physical, ulong _) in process.Pages)
            {
                TranslationReport report = TranslationReport.Of(Machine, address + 0xabc, process.Root);
                Assert.Equal(physical + 0xabc, report.Physical);
                Assert.Equal((4096UL, 4), (report.PageSize, report.Steps.Count));
            }
        }
    }

    [Fact]
    public void NonPresentEntriesAreNamed()
    {
        foreach ((int i, (ulong entry, string kind, string reason)) in SharedMachine.OddEntries.Index())
        {
            TranslationReport report = TranslationReport.Of(Machine, new(SharedMachine.Odd + ((ulong)i << 12)), shared.Kernel.Processes[0].Root);
            Assert.Null(report.Physical);
            Assert.Null(report.Rights);
            Assert.Null(report.PageSize);
            Assert.Equal(new(entry), report.Steps[^1].Entry);
            Assert.Empty(report.Steps[^1].Flags);
            Assert.Equal((kind, reason), (report.NotPresent!.Kind.ToString(), report.Reason));
        }
    }

    [Theory]
    [InlineData(0x0000_8000_0000_0000, "non-canonical address", "not canonical: bits 47-63 of the address are not all alike", 0)]
    [InlineData(0xfff0_0000_0000_0000, "non-canonical address", "not canonical: bits 47-63 of the address are not all alike", 0)]
    [InlineData(0xffff_c8ff_ffff_ffff, "kernel virtual address", "nothing mapped: the PML4 entry is 0, as for the 512 GiB around it", 1)]
    [InlineData(0xffff_c940_0000_0000, "kernel virtual address", "nothing mapped: the PDPT entry is 0, as for the 1 GiB around it", 2)]
    [InlineData(0xffff_c900_0020_0000, "kernel virtual address", "nothing mapped: the PD entry is 0, as for the 2 MiB around it", 3)]
    [InlineData(0xffff_c900_0000_1000, "kernel virtual address", "nothing mapped: the entry is 0", 4)]
    public void WhatIsNotMappedHasItsReason(ulong address, string kind, string reason, int steps)
    {
        TranslationReport report = TranslationReport.Of(Machine, new(address));
        Assert.Equal((kind, reason, steps), (report.Kind, report.Reason, report.Steps.Count));
        Assert.Null(report.Physical);
    }

    [Fact]
    public void ATableOutsideTheImageIsSaidToBeThere()
    {
        Assert.Equal("the top table 0x0000004000000000 is not in the image",
            TranslationReport.Of(Machine, new(0x1000), new PhysicalAddress(0x40_0000_0000)).Reason);
        using SyntheticMachine machine = SyntheticMachine.Of(new(), (_, kernel) => kernel.Tables.SetEntry(new(0xffff_c940_0000_0000), 3, 0x40_0000_0067));
        Assert.Equal("the table that the PDPT entry points at is not in the image", TranslationReport.Of(machine.Machine, new(0xffff_c940_0000_0000)).Reason);
    }

    [Fact]
    public void ReservedBitsEndTheWalk()
    {
        using SyntheticMachine machine = SyntheticMachine.Of(new(),
            (_, kernel) => kernel.Tables.SetEntry(new(0xffff_c900_0040_0000), 2, 0x0000_0000_0020_20e3));
        Assert.Equal("reserved bits 0x2000 are set in the PD entry: the CPU faults there",
            TranslationReport.Of(machine.Machine, new(0xffff_c900_0040_0000)).Reason);
    }

    /// <summary>The C-bit is shown in each step, is no part of the address, and is left alone in a swap entry.</summary>
    [Theory]
    [InlineData(47)]
    [InlineData(51)]
    public void MemoryEncryptionIsSeenThrough(int bit)
    {
        using SyntheticMachine machine = SyntheticMachine.Of(new() { EncryptionBit = 1UL << bit }, (memory, kernel) =>
        {
            SharedMachine.PageTables(memory, kernel).SetEntry(new(SharedMachine.Odd), 1, 0x07ff_ffff_ffdb_9600);
            SharedMachine.PageTables(memory, kernel)
                .SetEntry(new(SharedMachine.Odd + 0x1000), 1, (~0x12_000UL & 0x000f_ffff_ffff_f000 & ~(1UL << bit)) | (1UL << bit) | 0x120);
        });
        TranslationReport mapped = TranslationReport.Of(machine.Machine, new(0xffff_8880_0123_4567));
        Assert.Equal(new PhysicalAddress(0x0123_4567), mapped.Physical);
        Assert.All(mapped.Steps, step => Assert.Equal("C", step.Flags[^1]));
        PhysicalAddress root = machine.Kernel.Processes[0].Root;
        Assert.Equal(0x1234UL, TranslationReport.Of(machine.Machine, new(SharedMachine.Odd), root).NotPresent!.SwapOffset);
        Assert.Equal(new PageFrame(0x12), TranslationReport.Of(machine.Machine, new(SharedMachine.Odd + 0x1000), root).NotPresent!.Pfn);
    }
}
