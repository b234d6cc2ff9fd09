using System.Diagnostics;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Dma;
using IommuSpy.Memory;
using IommuSpy.Translation;
using IommuSpy.Translation.Devices;
using IommuSpy.Translation.X64;

namespace IommuSpy.Race;

/// <summary>
/// What devices' tables cost beside the CPU's: the index from pages to devices, and the same pages translated through tables of both formats.
/// </summary>
internal static class DeviceRace
{
    private const int Seed = 20_08;

    /// <summary>
    /// The first line: devices, sets of tables, bytes mapped, extents. Then a line a pass: nanoseconds for the index, from devices that are known.
    /// </summary>
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
    /// The same GiB through a device's tables and the CPU's, each page once, in no order. A line a pass, nanoseconds: device one by one, device as a batch, CPU
    /// one by one, CPU as a batch.
    /// </summary>
    public static void Walk(string directory, int passes)
    {
        string path = Path.Combine(directory, "two-tables.raw");
        TwoTables.Write(path);
        using MemoryImage image = MemoryImage.Open(path, new(RamSplit: 0));
        PhysicalMemory memory = image.Layouts[0].Memory;
        IoAddressSpace device = new(memory, IoTableFormat.VtdSecondStage, new(TwoTables.DeviceRoot), TwoTables.Levels);
        AddressSpace cpu = AddressSpace.Of(memory, new(TwoTables.CpuRoot), X64Format.Mode(TwoTables.Levels));
        ulong[] addresses = [.. Enumerable.Range(0, (int)(TwoTables.MappedBytes / PageFrame.Size)).Select(page => (ulong)page << PageFrame.Shift)];
        new Random(Seed).Shuffle(addresses);
        ulong[] byDevice = new ulong[addresses.Length];
        ulong[] byCpu = new ulong[addresses.Length];
        for (int pass = 0; pass < passes; pass++)
        {
            long one = Time(() => OneByOne(device, addresses, byDevice));
            long many = Time(() => device.TranslateMany(addresses, byDevice));
            long cpuOne = Time(() => OneByOne(cpu, addresses, byCpu));
            long cpuMany = Time(() => cpu.TranslateMany(addresses, byCpu));
            Console.WriteLine($"{one} {many} {cpuOne} {cpuMany}");
        }

        if (!byDevice.AsSpan().SequenceEqual(byCpu) || byCpu.Contains(ulong.MaxValue))
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

    private static void OneByOne(AddressSpace space, ulong[] addresses, ulong[] physical)
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
}
