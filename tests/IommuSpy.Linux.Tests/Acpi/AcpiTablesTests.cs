using System.Buffers.Binary;
using IommuSpy.Linux.Acpi;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.Acpi;

/// <summary>Tables found by their signature alone. Real ones: the end-to-end tests, beside iasl.</summary>
public class AcpiTablesTests
{
    private const ulong Megabyte = 1 << 20;

    [Theory]
    [InlineData(0x3001)]
    [InlineData((4 * Megabyte) - 2)] // its signature lies on both sides of where one read ends
    [InlineData(9 * Megabyte)]
    public void A_table_is_found_wherever_it_begins_and_beside_a_page_that_cannot_be_read(ulong at)
    {
        byte[] table = new byte[64];
        "DMAR"u8.CopyTo(table);
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(4), table.Length);
        table[9] = (byte)-table.Sum(value => value);
        PhysicalMemoryBuilder builder = new PhysicalMemoryBuilder().AddRam(default, 16 * Megabyte);
        builder.Write(new PhysicalAddress(0x1f000), "DMAR, in a text"u8);
        builder.Write(new PhysicalAddress(at), table);
        using BuiltMemory built = builder.Build(Backing.Reader);
        (PhysicalAddress? where, byte[] bytes) = AcpiTables.Search(DamagedReader.Over(built.Memory, 0x8000), "DMAR"u8)!.Value;
        Assert.Equal(at, where!.Value.Value);
        Assert.Equal(table, bytes);
    }
}
