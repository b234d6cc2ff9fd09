using System.Globalization;
using System.Runtime.InteropServices;
using IommuSpy.Analysis.Wording;

namespace IommuSpy.Cli;

/// <summary>
/// How answers are shown to people: on a terminal in colour, as wide as it is, through a pager, as git does; anywhere else plain and of any width.
/// </summary>
internal static unsafe partial class Display
{
    private const int OutputDescriptor = 1;
    private const nuint GetWindowSize = 0x5413; // TIOCGWINSZ
    private const int NarrowestWidth = 20;
    private const int UsualWidth = 80;
    private const string Reset = "\u001b[m";
    private const string HeadingColour = "1";
    private const string BadColour = "1;31";
    private const string WarningColour = "33";

    private static readonly string[] Colours = [Reset, .. new[] { HeadingColour, BadColour, WarningColour }.Select(colour => $"\u001b[{colour}m")];

    private static readonly bool IsDumb = Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb";
    private static readonly bool RefusesColour = Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 };

    private static bool? _colour;
    private static bool _pages = true;

    /// <summary>Whether answers may go through a pager: standard output is a terminal that one works on, and nobody has said no.</summary>
    public static bool Pages => _pages && !IsDumb && IsTerminal;

    /// <summary>Columns of the terminal that standard output is; null where it is none.</summary>
    public static int? Width => IsTerminal ? Math.Max(NarrowestWidth, Columns()) : null;

    /// <summary>Whether standard error is a terminal.</summary>
    public static bool ErrorIsTerminal { get; } = !Console.IsErrorRedirected;

    /// <summary>What the user says of colour: always, never, or neither.</summary>
    public static bool? Colour => _colour;

    /// <summary>Takes what the user says: --color and --no-pager.</summary>
    public static void Use(bool? colour, bool pages)
    {
        _colour = colour;
        _pages = pages;
    }

    /// <summary>For commands whose answer grows while somebody watches, or is no text.</summary>
    public static void WithoutPager() => _pages = false;

    /// <summary>What stands above others.</summary>
    public static string Heading(string text) => Painted(HeadingColour, text);

    /// <summary>What is bad.</summary>
    public static string Bad(string text) => Painted(BadColour, text);

    /// <summary>What to look at.</summary>
    public static string Warning(string text) => Painted(WarningColour, text);

    /// <summary>A line for people on standard error: what an answer lacks, or why there is none.</summary>
    /// <param name="name">The program's name, by which it begins.</param>
    /// <param name="message">The rest of it.</param>
    /// <param name="isFatal">Whether there is no answer.</param>
    public static void Tell(string name, string message, bool isFatal = false)
    {
        string start = _colour ?? (ErrorIsTerminal && !IsDumb && !RefusesColour)
            ? $"\u001b[{(isFatal ? BadColour : WarningColour)}m{name}:{Reset}"
            : $"{name}:";
        using LineWriter beside = Output.Beside();
        beside.WriteLine($"{start} {Printable.Of(message)}");
    }

    /// <summary>Characters of the colour that a text begins with, if it is one of ours and they are shown; 0 for anything else.</summary>
    public static int ColourAt(ReadOnlySpan<char> text)
    {
        foreach (string colour in HasColour || (_colour ?? (ErrorIsTerminal && !IsDumb && !RefusesColour)) ? Colours : [])
        {
            if (text.StartsWith(colour, StringComparison.Ordinal))
            {
                return colour.Length;
            }
        }

        return 0;
    }

    private static bool IsTerminal => !Console.IsOutputRedirected && !StandardOutput.IsElsewhere;

    private static bool HasColour => _colour ?? (IsTerminal && !IsDumb && !RefusesColour);

    private static string Painted(string colour, string text) =>
        text.Length > 0 && HasColour ? $"\u001b[{colour}m{text}{Reset}" : text;

    private static int Columns()
    {
        if (int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), NumberStyles.None, CultureInfo.InvariantCulture, out int told) && told > 0)
        {
            return told;
        }

        ushort* size = stackalloc ushort[4]; // struct winsize: rows, columns, two unused
        return Control(OutputDescriptor, GetWindowSize, size) == 0 && size[1] > 0 ? size[1] : UsualWidth;
    }

    [LibraryImport("libc", EntryPoint = "ioctl")]
    private static partial int Control(int descriptor, nuint request, void* argument);
}
