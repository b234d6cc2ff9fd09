using IommuSpy.Linux.Iommu;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.Iommu;

/// <summary>Tables found with no help, and what looks like some. Real ones: the end-to-end tests.</summary>
public class IommuScanTests
{
    private const ulong Page = 4096;

    [Theory]
    [InlineData(Backing.Mapped)]
    [InlineData(Backing.Reader)]
    public void A_vtd_root_table_over_one_device_is_found(Backing backing)
    {
        using BuiltMemory built = OneDevice().Build(backing);
        FoundTables tables = Assert.Single(new IommuScan(DamagedReader.Over(built.Memory, 0x2000), ulong.MaxValue).Find());
        Assert.Equal((IommuKind.VtD, IommuMode.Legacy, 0x5000UL, 1), (tables.Kind, tables.Mode, tables.Root.Value, tables.Weight));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Tables_that_change_while_they_are_read_are_read_again(bool changes)
    {
        using BuiltMemory built = OneDevice().Build(Backing.Mapped);
        PhysicalMemory memory = new([MemorySegment.Behind(new ReusedPage(built.Memory, 0x8000), built.Memory.Ranges[0])]) { Changes = changes };
        Assert.Equal(changes ? 1 : 0, new IommuScan(memory, ulong.MaxValue).Find().Count);
    }

    [Fact]
    public void Second_stage_tables_of_an_identity_map_are_no_device_tables()
    {
        // Their entries have bits 0 and 1 set as an AMD-Vi device table entry has V and TV: 512 pages in a row that each could begin one of 2 MiB.
        const int Tables = 512;
        PhysicalMemoryBuilder builder = new PhysicalMemoryBuilder().AddRam(default, 2UL << 30);
        for (ulong i = 0; i < Tables * 512; i++)
        {
            builder.Write(new PhysicalAddress((1UL << 30) + (i * 8)), (i * Page) | 3);
        }

        using BuiltMemory built = builder.Build(Backing.Mapped);
        Assert.Empty(new IommuScan(built.Memory, ulong.MaxValue).Find());
    }

    private static PhysicalMemoryBuilder OneDevice()
    {
        PhysicalMemoryBuilder builder = new PhysicalMemoryBuilder().AddRam(default, 0x10000);
        builder.Write(new PhysicalAddress(0x5000), 0x6001UL); // root: bus 0
        builder.Write(new PhysicalAddress(0x6000 + (0x10 * 16)), 0x7001UL); // context of 02.0: tables at 0x7000,
        builder.Write(new PhysicalAddress(0x6000 + (0x10 * 16) + 8), 0x101UL); // of 3 levels, domain 1
        builder.Write(new PhysicalAddress(0x7000 + (3 * 8)), 0x8003UL);
        builder.Write(new PhysicalAddress(0x8000 + (511 * 8)), 0x9003UL);
        builder.Write(new PhysicalAddress(0x9000), 0xa003UL);
        builder.Write(new PhysicalAddress(0xa000), 1234UL);
        return builder;
    }

    // A page of tables that holds something else when it alone is first read.
    private sealed class ReusedPage(PhysicalMemory memory, ulong page) : ISegmentReader
    {
        private int _reads;

        public int Read(ulong offset, Span<byte> destination)
        {
            int read = memory.Read(new(offset), destination);
            if (offset == page && _reads++ == 0)
            {
                destination.Fill(0xfe);
            }

            return read;
        }
    }
}
