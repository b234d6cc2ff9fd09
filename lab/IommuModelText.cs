using IommuSpy.Lab.Machines;

namespace IommuSpy.Lab;

/// <summary>How the command line writes an <see cref="IommuModel"/>.</summary>
public static class IommuModelText
{
    public static IReadOnlyList<string> All { get; } = ["intel", "intel-scalable", "amd", "smmuv3", "none"];

    public static string ToOptionText(this IommuModel model) => model switch
    {
        IommuModel.Intel => "intel",
        IommuModel.IntelScalable => "intel-scalable",
        IommuModel.Amd => "amd",
        IommuModel.SmmuV3 => "smmuv3",
        _ => "none",
    };

    /// <summary>The architecture whose machines alone have it; null where that is no matter.</summary>
    internal static GuestArchitecture? Of(this IommuModel model) => model switch
    {
        IommuModel.None => null,
        IommuModel.SmmuV3 => GuestArchitecture.Arm64,
        _ => GuestArchitecture.X64,
    };

    public static IommuModel Parse(string text) => text switch
    {
        "intel" => IommuModel.Intel,
        "intel-scalable" => IommuModel.IntelScalable,
        "amd" => IommuModel.Amd,
        "smmuv3" => IommuModel.SmmuV3,
        "none" => IommuModel.None,
        _ => throw new LabException($"no IOMMU is called {text}: use {string.Join(", ", All)}"),
    };
}
