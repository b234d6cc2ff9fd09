using IommuSpy.Analysis.Wording;
using IommuSpy.Linux.Resources;

namespace IommuSpy.Analysis.Resources;

/// <summary>A range of physical addresses or of I/O ports, and who claimed it.</summary>
public sealed record ResourceReport
{
    /// <summary>Its first address or port.</summary>
    public required ulong Start { get; init; }

    /// <summary>Where it ends: the first address or port behind it.</summary>
    public required ulong End { get; init; }

    /// <summary>Who claimed it, or what it is; null where its name cannot be read.</summary>
    public required string? Name { get; init; }

    /// <summary>How many resources it stands in; 0 at the top.</summary>
    public required int Depth { get; init; }

    /// <summary>Where its struct resource is.</summary>
    public required HexValue Object { get; init; }

    /// <summary>What the kernel says of one.</summary>
    public static ResourceReport Of(KernelResource resource) => new()
    {
        Start = resource.Start,
        End = resource.Last + 1,
        Name = resource.Name,
        Depth = resource.Depth,
        Object = new(resource.Object.Value),
    };
}
