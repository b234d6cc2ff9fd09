using IommuSpy.Lab;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>The guests that every claim is checked on: each kernel, depth, IOMMU, randomised or not, small and with a hole below 4 GiB, with the note and without.</summary>
public static class Guests
{
    // Comma-separated kernels that Debian serves only for a while, such as those of its unstable suite; left out of a plain run, since tomorrow they are gone.
    private const string ExtraKernelsVariable = "IOMMU_SPY_EXTRA_KERNELS";

    private static readonly CaptureSpec[] Standing =
    [
        new() { Kernel = "6.1", Iommu = IommuModel.Intel, PagingLevels = 4, Memory = MemorySize.Mebibytes(512) },
        new() { Kernel = "6.1", Iommu = IommuModel.None, PagingLevels = 5, Memory = MemorySize.Gibibytes(5), Vmcoreinfo = false },
        new() { Kernel = "6.12", Iommu = IommuModel.IntelScalable, PagingLevels = 5, Memory = MemorySize.Mebibytes(512), Append = "nokaslr" },
        new() { Kernel = "6.12", Iommu = IommuModel.Intel, PagingLevels = 4, Memory = MemorySize.Gibibytes(5), Append = "hugepagesz=1G hugepages=1" },
        new() { Kernel = "5.10", Iommu = IommuModel.Amd, PagingLevels = 4, Memory = MemorySize.Mebibytes(512) },
        new() { Kernel = "5.10", Iommu = IommuModel.IntelScalable, PagingLevels = 4, Memory = MemorySize.Mebibytes(512), Append = "nokaslr", Vmcoreinfo = false },
    ];

    /// <summary>Every guest.</summary>
    public static IReadOnlyList<CaptureSpec> All { get; } =
    [
        .. Standing,
        .. (Environment.GetEnvironmentVariable(ExtraKernelsVariable) ?? "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(kernel => new CaptureSpec { Kernel = kernel, Iommu = IommuModel.Intel, PagingLevels = 4, Memory = MemorySize.Mebibytes(512) }),
    ];

    /// <summary>Each guest by name.</summary>
    public static TheoryData<string> Names => [.. All.Select(guest => guest.Name)];

    /// <summary>Each guest by name, as its raw RAM file and as its ELF dump.</summary>
    public static TheoryData<string, string> Images => [.. All.SelectMany(guest => new[] { (guest.Name, "ram.raw"), (guest.Name, "dump.elf") })];

    /// <summary>The capture of a guest, made now where the cache has none.</summary>
    public static Capture Capture(string name) => Captures.Ensure(All.Single(guest => guest.Name == name), line => TestContext.Current.SendDiagnosticMessage($"lab: {line}"));
}
