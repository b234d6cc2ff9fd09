using IommuSpy.Memory;

namespace IommuSpy.Linux.Tests.Architecture.Toy;

/// <summary>A machine of the toy architecture whose RAM begins at 2 GiB, with a kernel in it.</summary>
internal sealed class ToyMachine : IDisposable
{
    public const ulong Ram = 0x8000_0000;
    public const ulong RamBytes = 64UL << 20;
    public const ulong DirectMap = 0xffff_c000_0000_0000;
    public const ulong Vmalloc = 0xffff_e000_0000_0000;
    public const ulong Vmemmap = 0xffff_f000_0000_0000;
    public const ulong ImageAt = Ram + (4UL << 20);
    public const ulong ImageBytes = 2UL << 20;
    public const ulong UserAddress = 0x1234_5678_0000;
    public const string Banner = "Linux version 6.6.0-toy (toy@toy) (gcc 12) #1 SMP";
    private const ulong PageBytes = 1 << 14;
    private const ulong LargeBytes = 1 << 25;
    private const int StructPageBytes = 64;

    private readonly PhysicalMemoryBuilder _memory = new();
    private readonly TemporaryFile _file;
    private ulong _nextTable = Ram + (16UL << 20);

    /// <param name="arrayBegins">Address of the first struct page, which is that of the first frame of RAM.</param>
    public ToyMachine(ulong arrayBegins = Vmemmap + (Ram / PageBytes * StructPageBytes))
    {
        _memory.AddRam(new(Ram), RamBytes);
        Root = Table();
        User = ImageAt + ImageBytes;
        for (ulong at = 0; at < ImageBytes; at += PageBytes)
        {
            Map(Root, ToyArchitecture.ImageStart + 0x20_0000 + at, ImageAt + at, 1, ToyFormat.NoUser);
        }

        for (ulong at = 0; at < RamBytes; at += LargeBytes)
        {
            Map(Root, DirectMap + at, Ram + at, 2, ToyFormat.NoUser | ToyFormat.NoExecute);
        }

        for (ulong at = 0; at < RamBytes / PageBytes * StructPageBytes; at += PageBytes)
        {
            Map(Root, arrayBegins + at, Ram + (32UL << 20) + at, 1, ToyFormat.NoUser | ToyFormat.NoExecute);
        }

        // Scattered, as vmalloc has them.
        Map(Root, Vmalloc, Ram + (40UL << 20), 1, ToyFormat.NoUser | ToyFormat.NoExecute);
        Map(Root, Vmalloc + (2 * PageBytes), Ram + (36UL << 20), 1, ToyFormat.NoUser | ToyFormat.NoExecute);
        Process = Table();
        for (int i = 1024; i < 2048; i++)
        {
            _memory.Write(new(Process + ((ulong)i * sizeof(ulong))), _memory.ReadWord(new(Root + ((ulong)i * sizeof(ulong)))));
        }

        Map(Process, UserAddress, User, 1, ToyFormat.NoExecute);
        _memory.Write(new(ImageAt + 0x3000), [.. System.Text.Encoding.ASCII.GetBytes(Banner), (byte)'\n', 0]);
        _file = _memory.WriteElf();

        // e_machine.
        using (FileStream file = File.OpenWrite(_file.Path))
        {
            file.Position = 18;
            file.Write([0x74, 0x70]);
        }

        Image = MemoryImage.Open(_file.Path);
    }

    public ulong Root { get; }

    public ulong Process { get; }

    public ulong User { get; }

    public MemoryImage Image { get; }

    public void Dispose()
    {
        Image.Dispose();
        _file.Dispose();
    }

    private ulong Table()
    {
        ulong table = _nextTable;
        _nextTable += PageBytes;
        return table;
    }

    private void Map(ulong root, ulong address, ulong physical, int leafLevel, ulong withheld)
    {
        ulong table = root;
        for (int level = 3; level > leafLevel; level--)
        {
            PhysicalAddress at = Entry(table, address, level);
            if (_memory.ReadWord(at) == 0)
            {
                _memory.Write(at, Table() | ToyFormat.Valid);
            }

            table = ToyFormat.Target(_memory.ReadWord(at));
        }

        _memory.Write(Entry(table, address, leafLevel), physical | ToyFormat.Valid | ToyFormat.Leaf | withheld);
    }

    private static PhysicalAddress Entry(ulong table, ulong address, int level) =>
        new(table + (((address >> ToyFormat.Mode.Format.SlotShift(level)) & 2047) * sizeof(ulong)));
}
