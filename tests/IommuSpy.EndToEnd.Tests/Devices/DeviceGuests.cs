using System.Collections.Concurrent;
using IommuSpy.Analysis;
using IommuSpy.Lab;

namespace IommuSpy.EndToEnd.Tests.Devices;

/// <summary>
/// Guests beyond the standing ones, for what only they have: a process with a device of its own, devices that are passed through, a bridge to conventional PCI.
/// </summary>
internal static class DeviceGuests
{
    private static readonly ConcurrentDictionary<string, Lazy<Machine>> Opened = new();

    /// <summary>A process has given memory to a device.</summary>
    public static CaptureSpec UserMapping { get; } = new() { Kernel = "6.1", UserMapping = true };

    /// <summary>Every device is passed through.</summary>
    public static CaptureSpec PassThrough { get; } = new() { Kernel = "6.1", Append = "iommu=pt" };

    /// <summary>Strict, without interrupt remapping, and with a card behind a bridge to conventional PCI.</summary>
    public static CaptureSpec StrictWithBridge { get; } = new()
    {
        Kernel = "6.1",
        Append = "iommu.strict=1",
        InterruptRemapping = false,
        Devices = new(["pcie-pci-bridge,id=bridge", "e1000,bus=bridge,addr=1"]),
    };

    /// <summary>The capture, made now where the cache has none.</summary>
    public static Capture Capture(CaptureSpec guest) => Captures.Ensure(guest, line => TestContext.Current.SendDiagnosticMessage($"lab: {line}"));

    /// <summary>The machine, opened once for all tests.</summary>
    public static Machine Open(CaptureSpec guest)
    {
        string path = Path.Combine(Capture(guest).Directory, "ram.raw");
        return Opened.GetOrAdd(path, _ => new(() => Machine.Open(path))).Value;
    }
}
