namespace IommuSpy.Lab.Host;

/// <summary>Where the lab keeps what it made: outside git, under artifacts/ of the checkout or IOMMU_SPY_LAB_CACHE.</summary>
internal static class LabDirectories
{
    public const string CacheVariable = "IOMMU_SPY_LAB_CACHE";

    public static string Root => field ??= FindRoot();

    public static string Captures => Create("captures");

    public static string Kernels => Create("lab/kernels");

    public static string Apt => Create("lab/apt");

    public static string Programs => Create("lab/programs");

    /// <summary>What programs of the host printed that failed; the oldest go.</summary>
    public static string Logs => Create("lab/logs");

    public static string LockFile => Path.Combine(Create("lab"), "lock");

    /// <summary>One for each guest that may be up at a time: as many as there are processors, so that none is slowed into its timeouts.</summary>
    public static IReadOnlyList<string> RunningLockFiles =>
        [.. Enumerable.Range(0, Environment.ProcessorCount).Select(slot => Path.Combine(Create("lab"), $"running-{slot}.lock"))];

    private static string Create(string name) => Directory.CreateDirectory(Path.Combine(Root, name)).FullName;

    private static string FindRoot()
    {
        if (Environment.GetEnvironmentVariable(CacheVariable) is { Length: > 0 } chosen)
        {
            return Path.GetFullPath(chosen);
        }

        for (DirectoryInfo? directory = new(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "IommuSpy.slnx")))
            {
                return Path.Combine(directory.FullName, "artifacts");
            }
        }

        throw new LabException($"not inside a checkout of iommu-spy: set {CacheVariable} to a directory for kernels and captures");
    }
}
