using System.Globalization;
using IommuSpy.Lab;

namespace IommuSpy.EndToEnd.Tests;

/// <summary>
/// The guests that every claim is checked on: each kernel, depth, IOMMU, randomised or not, small and with a hole below 4 GiB, with the note and without.
/// </summary>
public static class Guests
{
    // Other guests for a run by hand, "KERNEL IOMMU PAGING MEMORY [APPEND]" each, separated by commas: "7.2 intel 4 512M, files:/home/me/linux-3.16 none 4 3G
    // pti=off". Kernels of Debian's unstable suites are gone tomorrow, so a plain run has none of them.
    private const string GuestsVariable = "IOMMU_SPY_GUESTS";

    private static readonly CaptureSpec[] Standing =
    [
        new() { Kernel = "6.1", Iommu = IommuModel.Intel, PagingLevels = 4, Memory = MemorySize.Mebibytes(512) },
        new() { Kernel = "6.1", Iommu = IommuModel.None, PagingLevels = 5, Memory = MemorySize.Gibibytes(5), Vmcoreinfo = false },
        new() { Kernel = "6.12", Iommu = IommuModel.IntelScalable, PagingLevels = 5, Memory = MemorySize.Mebibytes(512), Append = "nokaslr" },
        new() { Kernel = "6.12", Iommu = IommuModel.Intel, PagingLevels = 4, Memory = MemorySize.Gibibytes(5), Append = "hugepagesz=1G hugepages=1" },
        new() { Kernel = "5.10", Iommu = IommuModel.Amd, PagingLevels = 4, Memory = MemorySize.Mebibytes(512) },
        new() { Kernel = "5.10", Iommu = IommuModel.IntelScalable, PagingLevels = 4, Memory = MemorySize.Mebibytes(512), Append = "nokaslr",
            Vmcoreinfo = false },
    ];

    /// <summary>Whether they are not the standing ones.</summary>
    public static bool AreChosen { get; } = Environment.GetEnvironmentVariable(GuestsVariable) is { Length: > 0 };

    /// <summary>Every guest.</summary>
    public static IReadOnlyList<CaptureSpec> All { get; } = AreChosen
        ? [.. Environment.GetEnvironmentVariable(GuestsVariable)!.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(Parse)]
        : Standing;

    /// <summary>Each guest by name.</summary>
    public static TheoryData<string> Names => [.. All.Select(guest => guest.Name)];

    /// <summary>Each guest by name, as its raw RAM file and as its ELF dump.</summary>
    public static TheoryData<string, string> Images => [.. All.SelectMany(guest => new[] { (guest.Name, "ram.raw"), (guest.Name, "dump.elf") })];

    /// <summary>The capture of a guest, made now where the cache has none.</summary>
    public static Capture Capture(string name) =>
        Captures.Ensure(All.Single(guest => guest.Name == name), line => TestContext.Current.SendDiagnosticMessage($"lab: {line}"));

    private static CaptureSpec Parse(string guest)
    {
        string[] words = guest.Split(' ', 5);
        return new()
        {
            Kernel = words[0],
            Iommu = IommuModelText.Parse(words[1]),
            PagingLevels = int.Parse(words[2], CultureInfo.InvariantCulture),
            Memory = MemorySize.TryParse(words[3], out MemorySize memory) ? memory : throw new FormatException($"'{words[3]}' is no size of memory"),
            Append = words.Length > 4 ? words[4] : "",
        };
    }
}
