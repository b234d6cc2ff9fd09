namespace IommuSpy.Linux.Discovery;

/// <summary>How much of what a candidate leads to agrees: of several kernels, or ways to read the file, the one with the most weight is taken.</summary>
internal sealed record KernelVerdict
{
    /// <summary>It leads to the kernel's own root table.</summary>
    public required bool OwnRoot { get; init; }

    /// <summary>The tables have a direct map: a table for some purpose of its own, the real-mode trampoline's, maps a page or two.</summary>
    public required bool MapsMemory { get; init; }

    /// <summary>The image holds all that the direct map maps.</summary>
    public required bool HoldsMemory { get; init; }

    /// <summary>
    /// Where the image's layout is to be found: the kernel's list of memory, or firmware's, agrees with it, or else the direct map reaches most of the image.
    /// </summary>
    public required bool CoversImage { get; init; }

    /// <summary>The kernel's list of all processes' tables is whole, where it keeps one.</summary>
    public required bool ListsProcesses { get; init; }

    /// <summary>The kernel's variable and the tables agree on where the direct map is.</summary>
    public required bool BasesAgree { get; init; }

    /// <summary>
    /// Nothing that was found contradicts the layout. It adds no weight: a kernel whose layout does not stand, though it is the best there is, is refused.
    /// </summary>
    public required bool LayoutStands { get; init; }

    /// <summary>The weight of what holds: the kernel's own root outweighs all else but the two about memory together.</summary>
    public int Weight => (OwnRoot ? 8 : 0) + (HoldsMemory ? 4 : 0) + (CoversImage ? 4 : 0) + (ListsProcesses ? 2 : 0) + (BasesAgree ? 1 : 0);

    /// <summary>Whether all of it holds, so that there is no need to look on.</summary>
    public bool IsConclusive => OwnRoot && HoldsMemory && CoversImage && ListsProcesses && BasesAgree;
}
