namespace IommuSpy.Lab;

/// <summary>How the command line writes an <see cref="IommuModel"/>.</summary>
public static class IommuModelText
{
    public static IReadOnlyList<string> All { get; } = ["intel", "intel-scalable", "amd", "none"];

    public static string ToOptionText(this IommuModel model) => model switch
    {
        IommuModel.Intel => "intel",
        IommuModel.IntelScalable => "intel-scalable",
        IommuModel.Amd => "amd",
        _ => "none",
    };

    public static IommuModel Parse(string text) => text switch
    {
        "intel" => IommuModel.Intel,
        "intel-scalable" => IommuModel.IntelScalable,
        "amd" => IommuModel.Amd,
        "none" => IommuModel.None,
        _ => throw new LabException($"no IOMMU is called {text}: use {string.Join(", ", All)}"),
    };
}
