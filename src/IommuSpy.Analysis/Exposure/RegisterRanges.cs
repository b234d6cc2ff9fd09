using IommuSpy.Analysis.Devices;
using IommuSpy.Analysis.Dma;
using IommuSpy.Linux;
using IommuSpy.Linux.Iommu;
using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Pci;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Exposure;

/// <summary>Which page frames are registers of PCI functions, configuration space, or registers of IOMMUs.</summary>
internal sealed class RegisterRanges(KernelParts parts)
{
    // How the kernel calls what it reads configuration space through: "PCI MMCONFIG 0000 [bus 00-ff]" until 6.8, "PCI ECAM ..." since; "PCI ECAM" on arm64.
    private static readonly string[] Configuration = ["PCI MMCONFIG", "PCI ECAM"];

    private readonly PciInventory? _functions = parts.Pci.Value;
    private readonly Field? _peerToPeer = parts.Objects.Value?.Types.FindField("pci_dev", "p2pdma");

    /// <summary>The registers that a frame is; null for memory, and where nothing tells.</summary>
    public RegisterRange? At(PageFrame frame)
    {
        if (parts.Iommu.Units.FirstOrDefault(unit => IsIn(unit, frame)) is IommuUnit unit)
        {
            return new(RegisterKind.Iommu, $"registers of {DeviceReport.NameOf(unit)}");
        }

        if (_functions?.RangeAt(frame.Address) is (PciFunction function, PciResource resource))
        {
            return new(
                RegisterKind.Function, $"{resource.Name} of {function.Address}{(function.Driver is string driver ? $" ({driver})" : "")}",
                DmaNames.IdOf(function.Address), OffersMemory(function));
        }

        return parts.Resources.Value?.At(frame.Address.Value).FirstOrDefault(one => Array.Exists(Configuration, name =>
            one.Name?.StartsWith(name, StringComparison.Ordinal) == true))?.Name is string name
            ? new(RegisterKind.Configuration, $"configuration space, {name}") : null;
    }

    private static bool IsIn(IommuUnit unit, PageFrame frame) =>
        unit.Registers is PhysicalAddress first && frame.Address.Value + PageFrame.Size > first.Value
            && frame.Address.Value < first.Value + Math.Max(unit.RegisterBytes ?? 0, PageFrame.Size);

    private bool OffersMemory(PciFunction function) =>
        parts.Objects.Value is KernelObjects objects && objects.Pointer(function.Object, _peerToPeer) is not null;
}
