using System.Globalization;
using IommuSpy.Linux.Iommu;
using IommuSpy.Memory;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Linux.Witnesses;

/// <summary>An IOMMU as the kernel shows it in /sys/class/iommu. Null is what it does not show.</summary>
/// <param name="Kind">Whose it is.</param>
/// <param name="Name">"dmar0", "ivhd0".</param>
/// <param name="Registers">Physical address of its registers; shown of VT-d's alone.</param>
/// <param name="Capabilities">VT-d's capability register, or AMD-Vi's extended features.</param>
/// <param name="ExtendedCapabilities">VT-d's extended capability register.</param>
internal sealed record SystemIommu(IommuKind Kind, string Name, PhysicalAddress? Registers, ulong? Capabilities, ulong? ExtendedCapabilities)
{
    private const string Class = "sys/class/iommu";

    /// <summary>Where it is shown.</summary>
    public string Way => $"/{Class}/{Name}";

    /// <summary>Every IOMMU that the machine shows.</summary>
    public static IEnumerable<SystemIommu> All(SystemFiles files)
    {
        foreach (string name in files.Names(Class))
        {
            string intel = $"{Class}/{name}/intel-iommu";
            string amd = $"{Class}/{name}/amd-iommu";
            if (Number(files, $"{intel}/address") is ulong registers)
            {
                yield return new(IommuKind.VtD, name, new(registers), Number(files, $"{intel}/cap"), Number(files, $"{intel}/ecap"));
            }
            else if (Number(files, $"{amd}/features") is ulong features)
            {
                yield return new(IommuKind.AmdVi, name, null, features, null);
            }
        }
    }

    private static ulong? Number(SystemFiles files, string path) =>
        ulong.TryParse(files.Text(path), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value) ? value : null;
}
