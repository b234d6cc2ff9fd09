using IommuSpy.Linux.Acpi;
using IommuSpy.Linux.Pci;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Dma;

/// <summary>Whether firmware means a function (VT-d specification, 8.3.1; AMD 48882, 5.2.2).</summary>
internal static class FirmwareScopes
{
    private const int MaxBridges = 256;

    /// <summary>Whether any of the scopes is the function, or a bridge that it is behind.</summary>
    public static bool Mean(IEnumerable<FirmwareScope> scopes, RequesterId device, PciInventory? inventory) =>
        scopes.Any(scope => Means(scope, device, inventory));

    private static bool Means(FirmwareScope scope, RequesterId device, PciInventory? inventory) => scope.Kind switch
    {
        _ when scope.First.Segment != device.Segment || scope.IsBehindBridge => false,
        FirmwareScopeKind.All => true,
        FirmwareScopeKind.Endpoint or FirmwareScopeKind.Range => scope.First.CompareTo(device) <= 0 && device.CompareTo(scope.Last) <= 0,
        FirmwareScopeKind.Bridge => scope.First == device || IsBehind(scope.First, device, inventory),
        _ => false,
    };

    private static bool IsBehind(RequesterId bridge, RequesterId device, PciInventory? inventory)
    {
        PciAddress? above = inventory?.Functions.FirstOrDefault(function => DmaNames.IdOf(function.Address) == device)?.Bridge;
        for (int i = 0; i < MaxBridges && above is PciAddress at; i++)
        {
            if (DmaNames.IdOf(at) == bridge)
            {
                return true;
            }

            above = inventory!.Find(at)?.Bridge;
        }

        return false;
    }
}
