using System.Diagnostics;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Devices;
using IommuSpy.Memory;
using IommuSpy.Translation.Devices;
using IommuSpy.Translation.X64;

namespace IommuSpy.Race;

/// <summary>What devices' tables cost beside the CPU's: the index from pages to devices, and the same pages translated through both.</summary>
internal static class DeviceRace
{
    private const int Seed = 20_08;
    private const int MostPages = 1 << 20;

    /// <summary>The first line: devices, sets of tables, bytes mapped, extents. Then a line a pass: nanoseconds for the index, from devices that are known.</summary>
    public static void Reach(string path, int passes)
    {
        using Machine machine = Machine.Open(path);
        DeviceReach reach = machine.DeviceReach;
        Console.WriteLine($"{reach.Devices.Count} {reach.Spaces.Count} {reach.Spaces.Sum(space => (long)space.MappedBytes)} {reach.Extents}");
        for (int pass = 0; pass < passes; pass++)
        {
            Console.WriteLine(Time(() => DeviceReach.Of(machine.Devices.Devices)));
        }
    }

    /// <summary>
    /// The 4 KiB pages that the device with most mappings reaches, in no order: through its tables, and at their kernel logical addresses through the CPU's. The first
    /// line: pages, and levels of each. Then a line a pass, nanoseconds: device one by one, device as a batch, CPU one by one, CPU as a batch.
    /// </summary>
    public static void Walk(string path, int passes)
    {
        using Machine machine = Machine.Open(path);
        IoAddressSpace device = machine.DeviceReach.Spaces.MaxBy(space => space.MappedBytes)!.Space;
        X64AddressSpace cpu = machine.Kernel.Space;
        Pages pages = new(machine);
        device.Visit(ref pages);
        new Random(Seed).Shuffle(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(pages.Found));
        ulong[] io = [.. pages.Found.Take(MostPages).Select(page => page.Io)];
        ulong[] logical = [.. pages.Found.Take(MostPages).Select(page => page.Logical)];
        ulong[] byDevice = new ulong[io.Length];
        ulong[] byCpu = new ulong[io.Length];
        Console.WriteLine($"{io.Length} {device.Levels} {cpu.Levels}");
        for (int pass = 0; pass < passes; pass++)
        {
            long one = Time(() => OneByOne(device, io, byDevice));
            long many = Time(() => device.TranslateMany(io, byDevice));
            long cpuOne = Time(() => OneByOne(cpu, logical, byCpu));
            long cpuMany = Time(() => cpu.TranslateMany(logical, byCpu));
            Console.WriteLine($"{one} {many} {cpuOne} {cpuMany}");
        }

        if (!byDevice.AsSpan().SequenceEqual(byCpu))
        {
            throw new InvalidOperationException("the device's tables and the CPU's lead to different pages");
        }
    }

    private static void OneByOne(IoAddressSpace space, ulong[] addresses, ulong[] physical)
    {
        for (int i = 0; i < addresses.Length; i++)
        {
            physical[i] = space.TryTranslate(new(addresses[i]), out PhysicalAddress answer) ? answer.Value : ulong.MaxValue;
        }
    }

    private static void OneByOne(X64AddressSpace space, ulong[] addresses, ulong[] physical)
    {
        for (int i = 0; i < addresses.Length; i++)
        {
            physical[i] = space.TryTranslate(new(addresses[i]), out PhysicalAddress answer) ? answer.Value : ulong.MaxValue;
        }
    }

    private static long Time(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return (long)Stopwatch.GetElapsedTime(start).TotalNanoseconds;
    }

    private readonly struct Pages(Machine machine) : IIoLeafVisitor
    {
        public List<(ulong Io, ulong Logical)> Found { get; } = [];

        public void Leaf(in IoLeaf leaf)
        {
            for (ulong offset = 0; offset < leaf.Length; offset += PageFrame.Size)
            {
                if (machine.Kernel.DirectMapAddress(leaf.Physical + offset) is VirtualAddress logical && machine.Kernel.Space.TryTranslate(logical, out _))
                {
                    Found.Add((leaf.Address.Value + offset, logical.Value));
                }
            }
        }
    }
}
