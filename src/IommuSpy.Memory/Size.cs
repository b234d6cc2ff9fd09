using System.Globalization;

namespace IommuSpy.Memory;

/// <summary>Amounts of memory as people read them.</summary>
public static class Size
{
    // From here on one decimal would show "1024".
    private const double RoundsUp = 1023.95;

    private static readonly string[] Units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>"512 B", "4 KiB", "511.8 MiB": in the largest unit that leaves at least 1, with one decimal where it is not whole.</summary>
    public static string Text(ulong bytes)
    {
        int unit = 0;
        double amount = bytes;
        while (amount >= RoundsUp && unit < Units.Length - 1)
        {
            amount /= 1024;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{amount:0.#} {Units[unit]}");
    }
}
