using System.Globalization;

namespace IommuSpy.Lab;

/// <summary>A guest's memory in bytes, written as users and QEMU write it: 512M, 5G.</summary>
public readonly record struct MemorySize(long Bytes)
{
    private const long Mebibyte = 1L << 20;
    private const long Gibibyte = 1L << 30;

    public static MemorySize Mebibytes(long count) => new(count * Mebibyte);

    public static MemorySize Gibibytes(long count) => new(count * Gibibyte);

    /// <summary>Parses a whole number of mebibytes or gibibytes, "512M" or "5G".</summary>
    public static bool TryParse(string text, out MemorySize size)
    {
        size = default;
        if (text.Length < 2 || !int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int count) || count == 0)
        {
            return false;
        }

        long unit = char.ToUpperInvariant(text[^1]) switch
        {
            'M' => Mebibyte,
            'G' => Gibibyte,
            _ => 0,
        };
        size = new MemorySize(count * unit);
        return unit != 0;
    }

    /// <inheritdoc cref="TryParse"/>
    /// <exception cref="LabException">It is none.</exception>
    public static MemorySize Parse(string text) =>
        TryParse(text, out MemorySize size) ? size : throw new LabException($"'{text}' is no memory size: use 512M or 5G");

    public override string ToString() => Bytes % Gibibyte == 0 ? $"{Bytes / Gibibyte}G" : $"{Bytes / Mebibyte}M";
}
