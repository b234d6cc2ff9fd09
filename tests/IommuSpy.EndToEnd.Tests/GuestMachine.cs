using System.Collections.Concurrent;
using IommuSpy.Analysis;
using IommuSpy.Linux.Types.Btf;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>Images opened once for all tests.</summary>
internal static class GuestMachine
{
    private static readonly ConcurrentDictionary<string, Lazy<Machine>> Opened = new();

    /// <summary>The machine in one of a guest's images: "ram.raw" or "dump.elf".</summary>
    public static Machine Open(string guest, string image)
    {
        string path = Path.Combine(Guests.Capture(guest).Directory, image);
        Machine machine = Opened.GetOrAdd(path, _ => new(() => Machine.Open(path))).Value;

        // A thousand tests in one process are questions of their own, each.
        machine.Kernel.Memory.Budget.ForNextQuestion();
        return machine;
    }

    /// <summary>Whether the guest's kernel carries its types; else they are inferred, and some of what /proc prints has no field.</summary>
    public static bool IsDescribed(string guest) => Open(guest, "ram.raw").Parts.Objects.Required.Types is BtfTypes;
}
