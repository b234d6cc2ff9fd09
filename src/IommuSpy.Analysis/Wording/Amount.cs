using System.Globalization;

namespace IommuSpy.Analysis.Wording;

/// <summary>Numbers of things in words.</summary>
public static class Amount
{
    /// <summary>"1 page", "1,234 pages".</summary>
    public static string Of(ulong count, string one) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {one}{(count == 1 ? "" : "s")}");
}
