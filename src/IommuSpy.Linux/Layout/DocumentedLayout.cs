namespace IommuSpy.Linux.Layout;

/// <summary>A virtual memory map as the kernel's documentation gives it, for kernels that do not randomise it.</summary>
/// <param name="Architecture">Of which architecture: "x86-64".</param>
/// <param name="Kernels">Which releases it holds for.</param>
/// <param name="Levels">Depth of the tables.</param>
/// <param name="Source">The document, in the kernel's tree.</param>
/// <param name="Regions">The rows, in address order. Together they cover the whole space but for unnamed gaps.</param>
public sealed record DocumentedLayout(string Architecture, string Kernels, int Levels, string Source, IReadOnlyList<DocumentedRegion> Regions);
