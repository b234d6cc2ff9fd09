using System.Collections.Concurrent;
using IommuSpy.Analysis;
using IommuSpy.Lab;

namespace IommuSpy.EndToEnd.Tests.Iommu;

/// <summary>Guests with IOMMUs: those that every claim is checked on, and more.</summary>
public static class IommuGuests
{
    private static readonly ConcurrentDictionary<string, Lazy<Machine>> Opened = new();

    private static readonly CaptureSpec[] More =
    [
        new() { Kernel = "6.12", Iommu = IommuModel.Amd },
        new() { Kernel = "6.1", Iommu = IommuModel.Amd },
        new() { Kernel = "6.1", Iommu = IommuModel.Intel, UserMapping = true },
    ];

    /// <summary>The guest whose devices are not translated.</summary>
    public static CaptureSpec PassThrough { get; } = new() { Kernel = "6.1", Iommu = IommuModel.Intel, InterruptRemapping = false, Append = "iommu=pt" };

    /// <summary>The guest with a process that gives memory to a device.</summary>
    public static CaptureSpec UserMapping => More[^1];

    /// <summary>Each guest whose IOMMU translates, by name.</summary>
    public static TheoryData<string> Translating => [.. All.Where(spec => spec.Iommu != IommuModel.None && spec != PassThrough).Select(spec => spec.Name)];

    /// <summary>Each guest with VT-d that remaps interrupts, by name.</summary>
    public static TheoryData<string> VtdRemapping =>
        [.. All.Where(spec => spec.Iommu is IommuModel.Intel or IommuModel.IntelScalable && spec.InterruptRemapping).Select(spec => spec.Name)];

    /// <summary>Each guest without an IOMMU, by name.</summary>
    public static TheoryData<string> Without => [.. All.Where(spec => spec.Iommu == IommuModel.None).Select(spec => spec.Name)];

    private static IEnumerable<CaptureSpec> All => Guests.AreChosen ? Guests.All : Guests.All.Concat(More).Append(PassThrough);

    /// <summary>The capture of a guest, made now where the cache has none.</summary>
    public static Capture Capture(string name) =>
        Captures.Ensure(Guests.All.Concat(More).Append(PassThrough).First(spec => spec.Name == name),
            line => TestContext.Current.SendDiagnosticMessage($"lab: {line}"));

    /// <summary>The machine in a guest's RAM file.</summary>
    public static Machine Open(string name) => Opened.GetOrAdd(Capture(name).RamFile, path => new(() => Machine.Open(path))).Value;
}
