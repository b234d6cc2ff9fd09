using System.Buffers.Binary;
using System.Text;
using IommuSpy.Linux.Kallsyms;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.Kallsyms;

/// <summary>The table of what a kernel exports, laid out as its linker does.</summary>
public sealed class ExportedSymbolsTests
{
    private const int Exported = 1200;
    private const int Table = 0x1000;
    private const int Names = 0x1_0000;
    private const int Values = 0x2_0000;
    private const int ImageBytes = 0x4_0000;
    private static readonly VirtualAddress Start = new(0xffff_8000_0800_0000);

    [Fact]
    public void Every_entry_is_read()
    {
        IReadOnlyDictionary<string, Symbol> symbols = ExportedSymbols.Find(Image(Exported), Start);
        Assert.Equal(Exported, symbols.Count);
        Assert.Equal(Start + Values + (ulong)(8 * (Exported / 2)), symbols["init_task"].Address);
        Assert.Equal(Start + Values, symbols["export_0"].Address);
    }

    [Fact]
    public void A_few_entries_are_no_table() => Assert.Empty(ExportedSymbols.Find(Image(900), Start));

    /// <summary>Each place of such a name costs a search of the whole image: after a few of them no more is looked for.</summary>
    [Fact]
    public void An_image_full_of_its_names_is_given_up()
    {
        byte[] image = Image(Exported);
        Span<byte> decoys = image.AsSpan(0, 0x800);
        foreach (string seed in (string[])["init_task", "jiffies", "loops_per_jiffy"])
        {
            byte[] name = [0, .. Encoding.ASCII.GetBytes(seed), 0];
            for (int i = 0; i < 8; i++)
            {
                name.CopyTo(decoys);
                decoys = decoys[name.Length..];
            }
        }

        Assert.Empty(ExportedSymbols.Find(image, Start));
    }

    private static byte[] Image(int count)
    {
        byte[] image = new byte[ImageBytes];
        int name = Names + 1;
        for (int i = 0; i < count; i++)
        {
            int entry = Table + (12 * i);
            Word(entry, Values + (8 * i) - entry);
            Word(entry + 4, name - (entry + 4));
            Word(entry + 8, 0);
            name += Encoding.ASCII.GetBytes(i == count / 2 ? "init_task" : $"export_{i}", image.AsSpan(name)) + 1;
        }

        return image;

        void Word(int at, int value) => BinaryPrimitives.WriteInt32LittleEndian(image.AsSpan(at), value);
    }
}
