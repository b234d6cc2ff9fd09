using IommuSpy.Linux.Types;

namespace IommuSpy.Linux.Vfio;

/// <summary>The VFIO containers of a kernel: which processes have devices for themselves.</summary>
/// <param name="Containers">The containers that an open file leads to.</param>
/// <param name="Damage">Why some may be missing, a line each; empty for a whole list.</param>
public sealed record VfioContainerList(IReadOnlyList<VfioContainer> Containers, IReadOnlyList<string> Damage)
{
    /// <summary>Reads them; none where VFIO is not loaded.</summary>
    /// <exception cref="MissingTypeException">VFIO is loaded, and nothing describes its types or where processes keep open files.</exception>
    public static VfioContainerList Read(KernelParts parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        return VfioReader.Find(parts);
    }
}
