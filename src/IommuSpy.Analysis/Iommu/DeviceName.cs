using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using IommuSpy.Linux.Pci;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Iommu;

/// <summary>A device, or one PASID of it, as a user names it: "00:1f.2", "0000:00:1f.2", "1f.2", "0x00fa", "e1000e"; with ":5" behind it that PASID.</summary>
/// <param name="Requester">The device.</param>
/// <param name="Pasid">The PASID; null for requests without one.</param>
public readonly record struct DeviceName(RequesterId Requester, int? Pasid)
{
    private const int MostPasid = (1 << 20) - 1;
    private const int MostListed = 8;
    private const int RequesterDigits = 4;
    private const string Spellings = "write bus:device.function as 00:1f.2 or 0000:00:1f.2, or the name of a driver, with :PASID after it where one is meant";

    /// <summary>Reads the address of a device, with a PASID where one is meant: "00:1f.2", "0000:00:1f.2:5".</summary>
    public static bool TryParse(string text, out DeviceName name) => TryParseAddress(text, out name, out _);

    /// <summary>Finds the device that a text means on a machine. An address need not be one that the machine has; every other name must be.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="text">What the user wrote.</param>
    /// <param name="name">The device.</param>
    /// <param name="problem">What is wrong, or which devices may be meant; null where nothing is.</param>
    public static bool TryFind(Machine machine, string text, out DeviceName name, [NotNullWhen(false)] out AddressProblem? problem) =>
        TryFind(text, () => Known(machine), out name, out problem);

    /// <summary>The same, among these devices.</summary>
    internal static bool TryFind(string text, Func<IReadOnlyList<(RequesterId Id, string? Driver)>> known, out DeviceName name,
        [NotNullWhen(false)] out AddressProblem? problem)
    {
        text = text.Trim();
        if (TryParseAddress(text, out name, out problem))
        {
            return true;
        }

        // A colon and two hexadecimal numbers with a dot can be nothing else.
        if (problem is not null)
        {
            return false;
        }

        int colon = text.LastIndexOf(':');
        string bare = colon >= 0 ? text[..colon] : text;
        int? pasid = null;
        if (bare.Length == 0 || bare.Contains(':', StringComparison.Ordinal) || (colon >= 0 && !TryParsePasid(text.AsSpan(colon + 1), out pasid)))
        {
            problem = new($"'{text}' is no device: {Spellings}");
            return false;
        }

        // "1f.2": any bus that has it.
        if (RequesterId.TryParse($"0:{bare}", out RequesterId onBus, out string? tooLarge))
        {
            return One(text, known().Where(device => device.Id.DeviceFunction == onBus.DeviceFunction), $"no bus has a device {bare}", pasid, out name,
                out problem);
        }

        if (tooLarge is not null)
        {
            problem = new($"'{text}': {tooLarge}");
            return false;
        }

        ushort[] values = [.. RequesterValues(bare)];
        if (values.Length == 0 && (char.IsAsciiDigit(bare[0]) || bare.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-' or '.' or '/' or ' '))))
        {
            problem = new($"'{text}' is no device: {Spellings}");
            return false;
        }

        string none = values.Length > 0
            ? $"no device has the requester ID {string.Join(" or ", values.Select(value => $"0x{value:x4} ({new RequesterId(0, value)})"))}"
            : $"no device is bound to a driver {bare}";
        return One(text, known().Where(device => values.Contains(device.Id.Value) || device.Driver == bare), none, pasid, out name, out problem);
    }

    /// <summary>What the kernel knows of it as a PCI function; null where it does not, or where that cannot be read.</summary>
    public PciFunction? FunctionIn(Machine machine)
    {
        RequesterId wanted = Requester;
        return machine.Parts.Pci.Value?.Functions
            .FirstOrDefault(function => function.Address.Domain == wanted.Segment && function.Address.RequesterId == wanted.Value);
    }

    /// <summary>"0000:00:1f.2", with ", PASID 5" where there is one.</summary>
    public override string ToString() => Pasid is int pasid ? string.Create(CultureInfo.InvariantCulture, $"{Requester}, PASID {pasid}") : Requester.ToString();

    private static bool TryParseAddress(string text, out DeviceName name, out AddressProblem? problem)
    {
        name = default;
        problem = null;
        int dot = text.IndexOf('.', StringComparison.Ordinal);
        int colon = dot < 0 ? -1 : text.IndexOf(':', dot);
        int? pasid = null;
        if (!RequesterId.TryParse(colon >= 0 ? text.AsSpan(0, colon) : text, out RequesterId requester, out string? tooLarge))
        {
            problem = tooLarge is null ? null : new($"'{text}': {tooLarge}");
            return false;
        }

        if (colon >= 0 && !TryParsePasid(text.AsSpan(colon + 1), out pasid))
        {
            problem = new($"'{text}': what follows the device is no PASID: a number of at most 20 bits");
            return false;
        }

        name = new(requester, pasid);
        return true;
    }

    private static bool TryParsePasid(ReadOnlySpan<char> text, out int? pasid)
    {
        bool read = AddressExpression.TryParseNumber(text, out ulong number) && number <= MostPasid;
        pasid = read ? (int)number : null;
        return read;
    }

    /// <summary>The requester IDs that a number may be: "250" is 0x00fa, and might be 0x0250 too.</summary>
    private static IEnumerable<ushort> RequesterValues(string text)
    {
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
        {
            if (AddressExpression.TryParseNumber(text, out ulong number) && number <= ushort.MaxValue)
            {
                yield return (ushort)number;
            }

            yield break;
        }

        bool isDecimal = ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ushort inTens);
        if (isDecimal)
        {
            yield return inTens;
        }

        if (ushort.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort hexadecimal)
            && (isDecimal ? hexadecimal != inTens : text.Length == RequesterDigits))
        {
            yield return hexadecimal;
        }
    }

    private static bool One(
        string text, IEnumerable<(RequesterId Id, string? Driver)> candidates, string none, int? pasid, out DeviceName name,
        [NotNullWhen(false)] out AddressProblem? problem)
    {
        (RequesterId Id, string? Driver)[] found = [.. candidates.DistinctBy(device => device.Id).OrderBy(device => device.Id)];
        name = found.Length == 1 ? new(found[0].Id, pasid) : default;
        problem = found.Length switch
        {
            0 => new($"'{text}': {none} (see iommu-spy devices)", IsBadText: false),
            1 => null,
            _ => new(
                $"'{text}' may be {found.Length} devices: "
                    + $"{string.Join(", ", found.Take(MostListed).Select(device => $"{device.Id} ({device.Driver ?? "no driver"})"))}"
                + $"{(found.Length > MostListed ? " and so on" : "")}; write one of them"),
        };
        return problem is null;
    }

    /// <summary>The devices of a machine: the kernel's functions, or where they cannot be read those that IOMMU tables have an entry for.</summary>
    private static IReadOnlyList<(RequesterId Id, string? Driver)> Known(Machine machine) => machine.Parts.Pci.Value is PciInventory inventory
        ? [.. inventory.Functions.Select(function => (new RequesterId(function.Address.Domain, function.Address.RequesterId), function.Driver))]
        : [.. machine.Devices.Devices.Select(device => (device.Address, (string?)null))];
}
