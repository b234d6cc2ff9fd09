using System.Buffers.Binary;
using System.Text;
using IommuSpy.Linux.Code;
using IommuSpy.Linux.Tests.Discovery;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.Code;

/// <summary>The tables that say what places in the kernel's code are, in the forms that they have had.</summary>
public class CodeSitesTests
{
    // The builder puts functions so far apart: a table from one to the third behind it has room for whole entries of every form.
    private const int TableBytes = 3 * 0x40;
    private const ulong Text = 0x800;

    [Theory]
    [InlineData(16)]
    [InlineData(24)]
    public void Jump_labels_are_distances_or_addresses(int bytes)
    {
        CodeSites sites = Read("jump_table", (entry, at, code, i) =>
        {
            // The lowest bits of a key are flags.
            ulong key = code + 0x10_0000 + ((ulong)i * 16) + 3;
            if (bytes == 24)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(entry, code);
                BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], code + 8);
                BinaryPrimitives.WriteUInt64LittleEndian(entry[16..], key);
            }
            else
            {
                BinaryPrimitives.WriteInt32LittleEndian(entry, (int)(code - at));
                BinaryPrimitives.WriteInt32LittleEndian(entry[4..], (int)(code + 8 - (at + 4)));
                BinaryPrimitives.WriteUInt64LittleEndian(entry[8..], key - (at + 8));
            }
        }, bytes, out ulong first);
        Assert.Equal(TableBytes / bytes, sites.All.Count);
        Assert.Equal(new CodeSite(new(first), CodeSiteKind.JumpLabel, new(first + 0x10_0000)), sites.All[0]);
        Assert.Equal(2, sites.Between(new(first + 1), new(first + 16)).Length);
    }

    [Theory]
    [InlineData(12)]
    [InlineData(8)]
    public void Faults_go_on_where_the_table_says(int bytes)
    {
        CodeSites sites = Read("ex_table", (entry, at, code, i) =>
        {
            BinaryPrimitives.WriteInt32LittleEndian(entry, (int)(code - at));
            BinaryPrimitives.WriteInt32LittleEndian(entry[4..], (int)(code + 0x40 - (at + 4)));
        }, bytes, out ulong first);
        Assert.Equal(TableBytes / bytes, sites.All.Count);
        Assert.Equal(new CodeSite(new(first + 8), CodeSiteKind.Fault, new(first + 0x48)), sites.All[1]);
    }

    [Theory]
    [InlineData(12, 4)]
    [InlineData(12, 0)]
    [InlineData(16, 8)]
    public void A_BUG_has_a_file_and_a_line(int bytes, int from)
    {
        CodeSites sites = Read("bug_table", (entry, at, code, i) =>
        {
            BinaryPrimitives.WriteInt32LittleEndian(entry, (int)(code - at));
            int file = bytes - 8;
            BinaryPrimitives.WriteInt32LittleEndian(entry[file..], (int)(NameAt(at) - (at + (ulong)from)));
            BinaryPrimitives.WriteUInt16LittleEndian(entry[(file + 4)..], (ushort)(100 + i));
            BinaryPrimitives.WriteUInt16LittleEndian(entry[(file + 6)..], (ushort)(i % 2));
        }, bytes, out ulong first);
        Assert.Equal(TableBytes / bytes, sites.All.Count);
        Assert.Equal(new CodeSite(new(first), CodeSiteKind.Bug, null, "mm/slub.c:100"), sites.All[0]);
        Assert.Equal(new CodeSite(new(first + 8), CodeSiteKind.Warning, null, "mm/slub.c:101"), sites.All[1]);
    }

    [Fact]
    public void A_table_that_is_not_about_code_is_not_believed()
    {
        CodeSites sites = Read("ex_table", (entry, at, code, i) => entry.Fill((byte)i), 12, out _);
        Assert.Empty(sites.All);
    }

    private delegate void Write(Span<byte> entry, ulong at, ulong code, int index);

    // Behind the functions that the builder has, in the same 2 MiB.
    private static ulong NameAt(ulong near) => (near & ~0x1f_ffffUL) + 0x18_0000;

    private static CodeSites Read(string table, Write write, int bytes, out ulong first)
    {
        string start = $"__start___{table}";
        ulong code = 0;
        using BuiltMachine machine = BuiltMachine.Raw(new() { MoreFunctions = [start, "a", "b", $"__stop___{table}"] }, (memory, kernel) =>
        {
            VirtualAddress at = kernel.Symbols.Single(symbol => symbol.Name == start).Address;
            code = kernel.Symbols.Single(symbol => symbol.Name == "_stext").Address.Value + Text;
            byte[] entries = new byte[TableBytes];
            for (int i = 0; i < TableBytes / bytes; i++)
            {
                write(entries.AsSpan(i * bytes, bytes), at.Value + (ulong)(i * bytes), code + ((ulong)i * 8), i);
            }

            memory.Write(kernel.Made.ToPhysical(at), entries);
            memory.Write(kernel.Made.ToPhysical(new(NameAt(at.Value) - 1)), Encoding.ASCII.GetBytes("\0mm/slub.c\0"));
        });
        first = code;
        return CodeSites.Read(machine.Discover(), null, null);
    }
}
