using System.CommandLine;
using System.Globalization;
using IommuSpy.Memory.Sources.Devmem;

namespace IommuSpy.Cli;

/// <summary>How wide a word is, and an access to a device.</summary>
internal sealed class WidthOption
{
    private const int BitsInByte = 8;

    /// <summary>Makes the option.</summary>
    /// <param name="bits">The width without it.</param>
    public WidthOption(int bits)
    {
        Option = new("--width", "-w")
        {
            Description = $"Bits of a word, and of an access to a device: 8, 16, 32 or 64; {bits} without it.",
            HelpName = "BITS",
            DefaultValueFactory = _ => bits.ToString(CultureInfo.InvariantCulture),
        };
        Option.TakesOnly("8", "16", "32", "64");
    }

    /// <summary>The option.</summary>
    public Option<string> Option { get; }

    /// <summary>The width.</summary>
    public AccessWidth Of(ParseResult result) => (AccessWidth)(int.Parse(result.GetRequiredValue(Option), CultureInfo.InvariantCulture) / BitsInByte);
}
