using System.CommandLine;
using System.Runtime.CompilerServices;

namespace IommuSpy.Cli;

/// <summary>What a command needs beside reading its source and answering: everything else is given up (<see cref="SandboxOptions"/>).</summary>
/// <param name="Sources">What it reads; empty where that is no image, but this machine or nothing.</param>
internal sealed record CommandNeeds(IReadOnlyList<string> Sources)
{
    private static readonly ConditionalWeakTable<Command, Func<ParseResult, CommandNeeds>> Declared = [];

    /// <summary>Folders in which it makes, changes and removes files.</summary>
    public IReadOnlyList<string> Writes { get; init; } = [];

    /// <summary>A folder that it fills with files, and that is made where there is none; null for none.</summary>
    public string? Fills { get; init; }

    /// <summary>Whether it is a server.</summary>
    public bool Serves { get; init; }

    /// <summary>Whether it starts other programs, a pager apart.</summary>
    public bool Starts { get; init; }

    /// <summary>Whether it asks one machine question after question, so that it is no question itself.</summary>
    public bool IsSession { get; init; }

    /// <summary>Whether nothing may be given up: for what is started and has to do as it likes, a browser.</summary>
    public bool Everything { get; init; }

    /// <summary>Says what a command needs. The last word counts.</summary>
    public static void Declare(Command command, Func<ParseResult, CommandNeeds> needs) => Declared.AddOrUpdate(command, needs);

    /// <summary>What a command line needs.</summary>
    public static CommandNeeds Of(ParseResult result) =>
        Declared.TryGetValue(result.CommandResult.Command, out Func<ParseResult, CommandNeeds>? needs) ? needs(result) : new([]);

    /// <summary>What is needed for a file that is written: its folder; nothing for standard output.</summary>
    /// <param name="path">The file, or -.</param>
    public static IReadOnlyList<string> FoldersOf(string path) => path is "" or "-" ? [] : [Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/"];
}
