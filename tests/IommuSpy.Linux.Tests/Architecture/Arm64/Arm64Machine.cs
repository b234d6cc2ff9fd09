using System.Text;
using IommuSpy.Memory;
using IommuSpy.Testing.Arm64;
using IommuSpy.Translation.Arm64;

namespace IommuSpy.Linux.Tests.Architecture.Arm64;

/// <summary>A machine with RAM from 1 GiB on and a Linux kernel in it, laid out as arm64 has it: the image in vmalloc space, the linear map below.</summary>
internal sealed class Arm64Machine : IDisposable
{
    public const ulong Ram = 0x4000_0000;
    public const ulong RamBytes = 64UL << 20;
    public const ulong ImageAt = Ram + (2UL << 20);
    public const ulong ImageBytes = 4UL << 20;
    public const string Banner = "Linux version 6.12.1-arm64 (debian@example.org) (gcc-12) #1 SMP";
    private const ulong RootAt = 2UL << 20;
    private const ulong Code = Arm64Descriptor.Accessed | Arm64Descriptor.ReadOnly | Arm64Descriptor.UserExecuteNever;
    private const ulong Data = Arm64Descriptor.Accessed | Arm64Descriptor.DirtyModifier | Arm64Descriptor.UserExecuteNever
        | Arm64Descriptor.PrivilegedExecuteNever;

    private readonly PhysicalMemoryBuilder _memory = new();

    /// <param name="regime">Size of pages and width of addresses.</param>
    /// <param name="memstart">What stands at the beginning of the linear map.</param>
    public Arm64Machine(Arm64Regime regime, ulong memstart = Ram)
    {
        _memory.AddRam(new(Ram), RamBytes);
        int least = regime.HalfBits == 52 ? regime.Format.PageShift == 14 ? 47 : 48 : regime.HalfBits;
        ulong linearEnd = ulong.MaxValue << (least - 1);
        Linear = (ulong.MaxValue << regime.HalfBits) - memstart;
        Image = linearEnd + (1UL << (least - 3)) + (2UL << 20);
        Root = new(ImageAt + RootAt);
        Arm64TableBuilder tables = new(_memory, regime, Root, new(Ram + (16UL << 20))) { TableAttributes = Arm64Descriptor.TableUserExecuteNever };
        ulong page = regime.Format.PageBytes;
        for (ulong at = 0; at < ImageBytes; at += page)
        {
            tables.Map(new(Image + at), new(ImageAt + at), 1, at < ImageBytes / 2 ? Code : Data);
        }

        for (ulong at = 0; at < RamBytes; at += page)
        {
            tables.Map(new(Linear + Ram + at), new(Ram + at), 1, Data);
        }

        // Configuration space of devices: more than the image, not executable, and no memory.
        for (ulong at = 0; at < 2 * ImageBytes; at += page)
        {
            tables.Map(new(linearEnd + (1UL << 32) + at), new(0x40_1000_0000 + at), 1, Data);
        }

        _memory.Write(new(ImageAt + 0x3000), [.. Encoding.ASCII.GetBytes(Banner), (byte)'\n', 0]);
    }

    public ulong Linear { get; }

    public ulong Image { get; }

    public PhysicalAddress Root { get; }

    public PhysicalMemoryBuilder Memory => _memory;

    public MemoryImage OpenElf()
    {
        TemporaryFile file = _memory.WriteElf();
        _files.Add(file);
        using (FileStream stream = File.OpenWrite(file.Path))
        {
            stream.Position = 18; // e_machine
            stream.Write([183, 0]);
        }

        return MemoryImage.Open(file.Path);
    }

    public MemoryImage OpenRaw()
    {
        TemporaryFile file = _memory.WriteRaw();
        _files.Add(file);
        return MemoryImage.Open(file.Path);
    }

    private readonly List<TemporaryFile> _files = [];

    public void Dispose() => _files.ForEach(file => file.Dispose());
}
