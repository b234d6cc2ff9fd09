using IommuSpy.Linux.Acpi;
using IommuSpy.Memory;
using IommuSpy.Testing;
using IommuSpy.Translation;
using IommuSpy.Translation.AmdVi;
using IommuSpy.Translation.Devices;
using IommuSpy.Translation.VtD;
using IommuSpy.Translation.X64;

namespace IommuSpy.Fuzz;

/// <summary>Tables that hardware walks, and firmware's tables that say where those are.</summary>
internal static class TableReaders
{
    private const int Pages = 48;
    private const int MostContexts = 64;

    /// <summary>Pages whose entries point to one another with the low bits that make an entry valid to this or that hardware.</summary>
    public static byte[] TablesSeed(ulong lowBits)
    {
        byte[] bytes = new byte[Pages * PageFrame.Size];
        for (int at = 0; at < bytes.Length; at += 8 * 16)
        {
            int target = ((at / 128 * 7) + 1) % Pages;
            BitConverter.TryWriteBytes(bytes.AsSpan(at), ((ulong)target << PageFrame.Shift) | lowBits);
        }

        return bytes;
    }

    /// <summary>A DMAR table with a unit and a reserved range, each with a scope.</summary>
    public static byte[] DmarSeed() =>
    [
        .. "DMAR"u8, 48 + 24 + 32, 0, 0, 0, 1, 0, .. new byte[26], 38, 1, .. new byte[10],
        0, 0, 24, 0, 1, 0, 0, 0, 0, 0, 0xd9, 0xfe, 0, 0, 0, 0, 1, 8, 0, 0, 0, 0, 2, 0,
        1, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0xff, 0xff, 0x10, 0, 0, 0, 0, 0, 1, 8, 0, 0, 0, 0, 0x1d, 0,
    ];

    /// <summary>An IVRS table with a unit and ranges of devices.</summary>
    public static byte[] IvrsSeed() =>
    [
        .. "IVRS"u8, 48 + 40, 0, 0, 0, 2, 0, .. new byte[26], 0, 0x30, 0x20, 0, .. new byte[8],
        0x10, 0, 40, 0, 2, 0, 0x40, 0, 0, 0, 0xd8, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 8, 0, 0, 4, 0xff, 0xff, 0, 2, 0x10, 0, 0, 0, 0, 0, 0,
    ];

    public static void WalkCpuTables(byte[] bytes) => WithMemory(bytes, memory =>
    {
        foreach (int levels in (int[])[4, 5])
        {
            AddressSpace space = AddressSpace.Of(memory, default, X64Format.Mode(levels));
            Leaves leaves = default;
            space.Visit(ref leaves);
            space.Translate(new(0x1234_5678));
            space.TryTranslate(space.FirstKernelAddress, out _);
            space.Read(new(0xfff), bytes.AsSpan(0, Math.Min(bytes.Length, 64)));
        }
    });

    public static void WalkDeviceTables(byte[] bytes) => WithMemory(bytes, memory =>
    {
        foreach (IDeviceTables tables in (IDeviceTables[])[new VtdDeviceTables(memory, default, scalable: false),
            new VtdDeviceTables(memory, default, scalable: true), new AmdViDeviceTables(memory, default, AmdViDeviceTables.MostBytes)])
        {
            foreach (DeviceContext context in tables.Contexts(out _).Take(MostContexts))
            {
                context.Translate(new(0x1000));
            }

            tables.ContextOf(new(0, 0x18), 1);
        }

        VtdInterruptTable.Read(memory, default);
        AmdViInterruptTable.IsLong(memory, default, 512);
    });

    public static void ReadDmar(byte[] bytes) => DmarTable.Parse(null, bytes);

    public static void ReadIvrs(byte[] bytes) => IvrsTable.Parse(null, bytes);

    private static void WithMemory(byte[] bytes, Action<PhysicalMemory> use)
    {
        PhysicalMemoryBuilder builder = new();
        builder.AddRam(default, Math.Max(1, (ulong)bytes.Length / PageFrame.Size) * PageFrame.Size);
        builder.Write(default, bytes.AsSpan(0, bytes.Length / PageFrame.Size * PageFrame.Size));
        using BuiltMemory built = builder.Build(Backing.Mapped);
        use(built.Memory);
    }

    // What is there is no matter here, only that the walk ends.
    private readonly struct Leaves : ICpuLeafVisitor
    {
        public void Leaf<TFormat>(in CpuLeaf<TFormat> leaf)
            where TFormat : struct, ITableFormat
        {
        }
    }
}
