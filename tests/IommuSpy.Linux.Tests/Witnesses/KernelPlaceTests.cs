using IommuSpy.Linux.Architecture;
using IommuSpy.Linux.Witnesses;
using IommuSpy.Memory;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Linux.Tests.Witnesses;

/// <summary>Where a kernel says that it is: without VMCOREINFO (before 4.10 it lacks phys_base) by kallsyms and iomem.</summary>
public class KernelPlaceTests
{
    private const string Symbols = "0000000000000000 A fixed_percpu_data\nffffffff9a000000 T startup_64\nffffffff9a000000 T _text\nffffffff9b810000 D "
        + "init_level4_pgt\nffffffff9a111111 t x\t[module]\n";
    private const string Iomem = "00001000-0009fbff : System RAM\n00100000-1ffcffff : System RAM\n  0e000000-0f001aef : Kernel code\n";

    [Fact]
    public void Kallsyms_and_iomem_lead_to_the_root() => Assert.Equal([new PhysicalAddress(0x0f81_0000)], Roots(Symbols, Iomem));

    [Fact]
    public void Addresses_that_are_hidden_lead_nowhere()
    {
        Assert.Empty(Roots("0000000000000000 T _text\n0000000000000000 D init_level4_pgt\n", Iomem));
        Assert.Empty(Roots(Symbols, "00000000-00000000 : System RAM\n00000000-00000000 : Kernel code\n"));
        Assert.Empty(Roots("ffffffff9b810000 D init_level4_pgt\n", Iomem));
        Assert.Empty(Roots("", ""));
    }

    [Fact]
    public void The_note_that_sysfs_points_at_is_read()
    {
        byte[] note = ElfCoreBuilder.NoteBytes("VMCOREINFO", 0,
            "OSRELEASE=6.1.0-test\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=ffffffff9b810000\nNUMBER(phys_base)=-234881024\n"u8.ToArray());
        Assert.Equal([new PhysicalAddress(0x1b81_0000 - 0x0e00_0000)], Roots("", "", note));
    }

    private static PhysicalAddress[] Roots(string kallsyms, string iomem, byte[]? note = null)
    {
        byte[] memory = new byte[0x3000];
        note?.CopyTo(memory, 0x1000);
        using FakeMachine machine = new FakeMachine().With("proc/kallsyms", kallsyms).With("proc/iomem", iomem)
            .With("sys/kernel/vmcoreinfo", "0x0000000000101000 400\n");
        using TemporaryFile file = TemporaryFile.With(new ElfCoreBuilder().AddLoad(0x10_0000, memory).Build());
        string record = file.Path + SystemRecord.Extension;
        SystemRecord.WriteFile(record, SystemRecord.Write(machine.Files, new Dictionary<string, string>(), out _));
        try
        {
            using MemoryImage image = MemoryImage.Open(file.Path);
            Assert.NotNull(image.SystemFiles);
            Assert.False(image.IsLive);
            return [.. KernelPlace.Roots(image, image.Layouts[0].Memory, CpuArchitecture.All[0])];
        }
        finally
        {
            File.Delete(record);
        }
    }
}
