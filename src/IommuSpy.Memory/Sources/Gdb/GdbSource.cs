using System.Globalization;
using IommuSpy.Memory.Blocks;
using IommuSpy.Memory.Sources.Qemu;

namespace IommuSpy.Memory.Sources.Gdb;

/// <summary>
/// A guest through a gdbstub that reads physical memory (QEMU's: Qqemu.PhyMemMode) and whose monitor says where memory is. A stub stops its guest while
/// somebody is connected; one that can have been running goes on when we are done, one that waits for something else (prelaunch, inmigrate) does not.
/// </summary>
internal static class GdbSource
{
    private const string Format = "gdbstub";

    /// <summary>Connects to a gdbstub.</summary>
    /// <param name="name">What users call the source.</param>
    /// <param name="address">"HOST:PORT".</param>
    /// <param name="options">What the user says.</param>
    internal static MemoryImage Open(string name, string address, MemoryImageOptions options)
    {
        int colon = address.LastIndexOf(':');
        if (colon <= 0 || !int.TryParse(address.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out int port)
            || port is 0 or > ushort.MaxValue)
        {
            throw new MemoryImageException($"{name}: name the host and port of a gdbstub: gdb:127.0.0.1:1234");
        }

        GdbClient gdb = GdbClient.Connect(name, address[..colon].Trim('[', ']'), port);
        try
        {
            List<CpuState> cpus = GdbRegisters.Read(gdb);
            gdb.LeavesStopped = gdb.Monitor("info status") is string status && status.Contains('(', StringComparison.Ordinal);
            List<RamRun> runs = MonitorText.Ram(gdb.Monitor("info mtree -f") ?? "");
            if (runs.Count == 0)
            {
                throw new MemoryImageException($"{name}: the stub does not say where the guest's memory is: it has no QEMU monitor (monitor info mtree -f)");
            }

            if (MonitorText.IsTooMuch(runs))
            {
                throw new MemoryImageException($"{name}: what listens there names more RAM than any guest has");
            }

            if (gdb.Ask("Qqemu.PhyMemMode:1") != "OK")
            {
                throw new MemoryImageException($"{name}: the stub reads virtual addresses only: it does not know Qqemu.PhyMemMode");
            }

            gdb.Described();
            GdbMemory memory = new(gdb, runs);
            BlockCache cache = new(1 << memory.BlockShift, options.Limits.CacheBytes);
            PhysicalMemory physical = new(runs.Select(run => MemorySegment.Behind(new OffsetSegment(memory, cache, run.Range.Start.Value), run.Range)));
            return new(name, [new Restoration(gdb), gdb], Format, [new(physical, "QEMU's memory map, RAM through the gdbstub")]) { Cpus = cpus };
        }
        catch
        {
            gdb.Dispose();
            throw;
        }
    }

    // Whoever debugs this guest next expects virtual addresses.
    private sealed class Restoration(GdbClient gdb) : IDisposable
    {
        public void Dispose()
        {
            try
            {
                gdb.Ask("Qqemu.PhyMemMode:0");
            }
            catch (MemoryImageException)
            {
                // It has gone meanwhile.
            }
        }
    }
}
