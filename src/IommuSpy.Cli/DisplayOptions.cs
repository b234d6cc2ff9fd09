using System.CommandLine;
using IommuSpy.Cli.Sessions;

namespace IommuSpy.Cli;

/// <summary>What every command takes: whether answers are coloured, and whether they go through a pager.</summary>
internal sealed class DisplayOptions
{
    private const string Always = "always";
    private const string Never = "never";

    private readonly Option<string> _color = new("--color")
    {
        Description = "Colour: auto (on a terminal, unless NO_COLOR is set), always or never.",
        HelpName = "WHEN",
        Recursive = true,
        DefaultValueFactory = _ => "auto",
    };

    private readonly Option<bool> _noPager = new("--no-pager")
    {
        Description = "Write to the terminal directly. Without it, a long answer goes through $IOMMU_SPY_PAGER, else $PAGER, else less.",
        Recursive = true,
    };

    /// <summary>Adds the options to a program and its commands.</summary>
    public DisplayOptions(Command root)
    {
        _color.TakesOnly("auto", Always, Never);
        root.Options.Add(_color);
        root.Options.Add(_noPager);
    }

    /// <summary>Sets colour and pager as the options say.</summary>
    public void Use(ParseResult result)
    {
        // Of a command line that is wrong there may be no value.
        string? when = result.GetResult(_color)?.Errors.Any() == true ? null : result.GetValue(_color);
        Session? session = Session.Current;
        bool? colour = when switch { Always => true, Never => false, _ => null };
        Display.Use(result.GetResult(_color) is null or { Implicit: true } ? session?.Colour : colour, !result.GetValue(_noPager) && session?.Pages != false);
    }
}
