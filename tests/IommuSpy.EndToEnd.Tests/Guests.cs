using System.Globalization;
using IommuSpy.Lab;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>The guests that every claim is checked on: each kernel, depth, IOMMU, randomised or not, small and with a hole below 4 GiB, with the note and without.</summary>
public static class Guests
{
    // More guests for a run by hand, "KERNEL PAGING MEMORY [APPEND]" each, separated by commas: "7.2 4 512M, 6.1 4 3G pti=off". Kernels of Debian's
    // unstable suites are gone tomorrow, so a plain run has none of them.
    private const string ExtraGuestsVariable = "IOMMU_SPY_EXTRA_GUESTS";

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
        .. (Environment.GetEnvironmentVariable(ExtraGuestsVariable) ?? "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(Parse),
    ];

    /// <summary>Each guest by name.</summary>
    public static TheoryData<string> Names => [.. All.Select(guest => guest.Name)];

    /// <summary>Each guest by name, as its raw RAM file and as its ELF dump.</summary>
    public static TheoryData<string, string> Images => [.. All.SelectMany(guest => new[] { (guest.Name, "ram.raw"), (guest.Name, "dump.elf") })];

    /// <summary>The capture of a guest, made now where the cache has none.</summary>
    public static Capture Capture(string name) => Captures.Ensure(All.Single(guest => guest.Name == name), line => TestContext.Current.SendDiagnosticMessage($"lab: {line}"));

    private static CaptureSpec Parse(string guest)
    {
        string[] words = guest.Split(' ', 4);
        return new()
        {
            Kernel = words[0],
            PagingLevels = int.Parse(words[1], CultureInfo.InvariantCulture),
            Memory = MemorySize.TryParse(words[2], out MemorySize memory) ? memory : throw new FormatException($"'{words[2]}' is no size of memory"),
            Append = words.Length > 3 ? words[3] : "",
        };
    }
}
