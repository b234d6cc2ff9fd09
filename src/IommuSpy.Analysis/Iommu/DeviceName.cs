using System.Globalization;
using IommuSpy.Linux.Pci;
using IommuSpy.Linux.Types;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Iommu;

/// <summary>A device, or one PASID of it, as a user names it: "00:1f.2", "0000:00:1f.2", "00:1f.2:5".</summary>
/// <param name="Requester">The device.</param>
/// <param name="Pasid">The PASID; null for requests without one.</param>
public readonly record struct DeviceName(RequesterId Requester, int? Pasid)
{
    private const int MostPasid = (1 << 20) - 1;

    /// <summary>Reads a name.</summary>
    public static bool TryParse(string text, out DeviceName name)
    {
        name = default;
        int dot = text.IndexOf('.', StringComparison.Ordinal);
        int colon = dot < 0 ? -1 : text.IndexOf(':', dot);
        int? pasid = null;
        if (colon >= 0)
        {
            if (!AddressExpression.TryParseNumber(text.AsSpan(colon + 1), out ulong number) || number > MostPasid)
            {
                return false;
            }

            pasid = (int)number;
        }

        if (!RequesterId.TryParse(colon >= 0 ? text.AsSpan(0, colon) : text, out RequesterId requester))
        {
            return false;
        }

        name = new(requester, pasid);
        return true;
    }

    /// <summary>What the kernel knows of it as a PCI function; null where it does not, or where that cannot be read.</summary>
    public PciFunction? FunctionIn(Machine machine)
    {
        try
        {
            RequesterId wanted = Requester;
            return machine.Pci.Functions.FirstOrDefault(function => function.Address.Domain == wanted.Segment && function.Address.RequesterId == wanted.Value);
        }
        catch (MissingTypeException)
        {
            return null;
        }
    }

    /// <summary>"0000:00:1f.2", with ", PASID 5" where there is one.</summary>
    public override string ToString() => Pasid is int pasid ? string.Create(CultureInfo.InvariantCulture, $"{Requester}, PASID {pasid}") : Requester.ToString();
}
