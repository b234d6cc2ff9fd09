using System.Buffers.Binary;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Linux.Acpi;

/// <summary>Firmware's descriptions of IOMMUs, out of the image (ACPI specification, 5.2; DMAR: VT-d specification, 8; IVRS: AMD 48882, 5).</summary>
/// <param name="Dmar">Intel's; null where the image has none.</param>
/// <param name="Ivrs">AMD's; null where the image has none.</param>
public sealed record AcpiTables(DmarTable? Dmar, IvrsTable? Ivrs)
{
    private const int HeaderBytes = 36;
    private const int LengthAt = 4;
    private const int MostBytes = 1 << 20;
    private const int MostTables = 1024;
    private const ulong BiosStart = 0xe_0000;
    private const int BiosBytes = 0x2_0000;
    private const int PointerAlignment = 16;
    private const int PointerBytes = 36;
    private const int FirstPointerBytes = 20;

    private static ReadOnlySpan<byte> PointerSignature => "RSD PTR "u8;

    /// <summary>
    /// Finds them by the kernel's list of tables, else from the root pointer that a BIOS leaves below 1 MiB, else where the kernel shows them
    /// (/sys/firmware/acpi/tables: they stand in memory that is firmware's, which a running kernel does not let read), else by looking for them everywhere.
    /// </summary>
    public static AcpiTables Find(LinuxKernel kernel, KernelObjects? objects, SystemFiles? files = null)
    {
        PhysicalMemory memory = kernel.Memory;
        List<PhysicalAddress> listed = [.. Listed(objects), .. FromRootPointer(memory)];
        (PhysicalAddress? At, byte[] Bytes)? dmar = First(memory, listed, "DMAR"u8) ?? Shown(files, "DMAR");
        (PhysicalAddress? At, byte[] Bytes)? ivrs = First(memory, listed, "IVRS"u8) ?? Shown(files, "IVRS");
        if (listed.Count == 0 && files is null)
        {
            dmar = Search(memory, "DMAR"u8);
            ivrs = Search(memory, "IVRS"u8);
        }

        return new(dmar is { } d ? DmarTable.Parse(d.At, d.Bytes) : null, ivrs is { } i ? IvrsTable.Parse(i.At, i.Bytes) : null);
    }

    // drivers/acpi/acpica/tbdata.c, acpi_gbl_root_table_list.
    /// <summary>
    /// The first table of a signature anywhere in memory: a sum over the whole table and a header that fits tell one from the four letters in a text.
    /// </summary>
    internal static (PhysicalAddress? At, byte[] Bytes)? Search(PhysicalMemory memory, ReadOnlySpan<byte> signature)
    {
        const int ChunkBytes = 4 << 20;

        // Tables have no alignment: a signature may end in the next piece.
        byte[] copy = new byte[ChunkBytes + signature.Length - 1];
        foreach (PhysicalRange range in memory.DataRanges)
        {
            for (ulong start = 0; start < range.Length; start += ChunkBytes)
            {
                PhysicalAddress at = range.Start + start;
                int length = (int)Math.Min((ulong)copy.Length, range.Length - start);
                if (!memory.TryGetSpan(at, length, out ReadOnlySpan<byte> bytes))
                {
                    memory.ReadSparsely(at, copy.AsSpan(0, length));
                    bytes = copy.AsSpan(0, length);
                }

                for (int offset = 0; bytes[offset..].IndexOf(signature) is >= 0 and int found; offset += found + 1)
                {
                    PhysicalAddress table = at + (ulong)(offset + found);
                    if (TryReadTable(memory, table) is byte[] whole)
                    {
                        return (table, whole);
                    }
                }
            }
        }

        return null;
    }

    private static IEnumerable<PhysicalAddress> Listed(KernelObjects? objects)
    {
        if (objects?.Variable("acpi_gbl_root_table_list") is not VirtualAddress list
            || objects.Types.FindStruct("acpi_table_list") is not StructType listType
            || objects.Types.FindStruct("acpi_table_desc") is not StructType descriptor
            || objects.Pointer(list, listType.Find("tables")) is not VirtualAddress first
            || objects.Read(list, listType.Find("current_table_count")) is not ulong count)
        {
            yield break;
        }

        for (ulong i = 0; i < Math.Min(count, MostTables); i++)
        {
            if (objects.Read(first + (i * descriptor.Bytes), descriptor.Find("address")) is ulong address)
            {
                yield return new(address);
            }
        }
    }

    private static IEnumerable<PhysicalAddress> FromRootPointer(PhysicalMemory memory)
    {
        byte[] bios = new byte[BiosBytes];
        int length = memory.Read(new(BiosStart), bios);
        for (int at = 0; at + PointerBytes <= length; at += PointerAlignment)
        {
            ReadOnlyMemory<byte> pointer = bios.AsMemory(at, PointerBytes);
            if (!pointer.Span.StartsWith(PointerSignature) || !SumsToZero(pointer.Span[..FirstPointerBytes]))
            {
                continue;
            }

            // Revision 2 has the table of 64-bit addresses.
            bool wide = pointer.Span[15] >= 2 && SumsToZero(pointer.Span) && BinaryPrimitives.ReadUInt64LittleEndian(pointer.Span[24..]) != 0;
            ulong root = wide ? BinaryPrimitives.ReadUInt64LittleEndian(pointer.Span[24..]) : BinaryPrimitives.ReadUInt32LittleEndian(pointer.Span[16..]);
            if (TryReadTable(memory, new(root)) is not byte[] table)
            {
                continue;
            }

            int size = wide ? sizeof(ulong) : sizeof(uint);
            for (int entry = HeaderBytes; entry + size <= table.Length; entry += size)
            {
                yield return new(wide ? BinaryPrimitives.ReadUInt64LittleEndian(table.AsSpan(entry))
                    : BinaryPrimitives.ReadUInt32LittleEndian(table.AsSpan(entry)));
            }

            yield break;
        }
    }

    private static (PhysicalAddress? At, byte[] Bytes)? First(PhysicalMemory memory, List<PhysicalAddress> tables, ReadOnlySpan<byte> signature)
    {
        foreach (PhysicalAddress table in tables)
        {
            if (TryReadTable(memory, table) is byte[] bytes && bytes.AsSpan().StartsWith(signature))
            {
                return (table, bytes);
            }
        }

        return null;
    }

    private static (PhysicalAddress? At, byte[] Bytes)? Shown(SystemFiles? files, string signature) =>
        files?.Read($"sys/firmware/acpi/tables/{signature}") is byte[] { Length: >= HeaderBytes and <= MostBytes } table && SumsToZero(table) ? (null, table)
            : null;

    private static byte[]? TryReadTable(PhysicalMemory memory, PhysicalAddress address)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (memory.Read(address, header) < HeaderBytes)
        {
            return null;
        }

        uint length = BinaryPrimitives.ReadUInt32LittleEndian(header[LengthAt..]);
        if (length is < HeaderBytes or > MostBytes)
        {
            return null;
        }

        byte[] table = new byte[length];
        return memory.Read(address, table) == table.Length && SumsToZero(table) ? table : null;
    }

    private static bool SumsToZero(ReadOnlySpan<byte> bytes)
    {
        byte sum = 0;
        foreach (byte value in bytes)
        {
            sum += value;
        }

        return sum == 0;
    }
}
