using System.CommandLine;
using IommuSpy.Export;
using IommuSpy.Linux.Running.Confinement;
using IommuSpy.Memory;

namespace IommuSpy.Cli;

/// <summary>
/// Confines the program before it reads an image (docs/security.md): what a command says that it needs (<see cref="CommandNeeds"/>), and what its source and
/// its way of answering need, it keeps.
/// </summary>
internal sealed class SandboxOptions
{
    private const string Name = "--no-sandbox";

    private readonly Option<bool> _none = new(Name)
    {
        Description = "Do not give up the rights to write files, open sockets and run programs before the image is read: for systems where that goes wrong.",
        Recursive = true,
    };

    /// <summary>Adds the option to a program and its commands.</summary>
    public SandboxOptions(Command root) => root.Options.Add(_none);

    /// <summary>Whether the user wants nothing to be given up.</summary>
    public static bool IsLeftOut(ParseResult result) => result.GetValue<bool>(Name);

    /// <summary>Confines the program to what a command line needs; for good, and before there are other threads.</summary>
    public void Enter(ParseResult result)
    {
        CommandNeeds needs = CommandNeeds.Of(result);
        if (result.GetValue(_none) || needs.Everything)
        {
            return;
        }

        IReadOnlyList<string> sources = needs.Sources;
        bool isImage = sources.Count > 0 && !SourceOptions.AreLive(sources);
        _ = Sandbox.TryEnter(new(
            [.. needs.Writes, .. FolderToFill(needs), .. isImage ? MemoryImage.FoldersOfCopies(sources) : []],
            sources.Any(MemoryImage.IsServer),
            needs.Serves,
            Display.Pages || needs.Starts,
            ReadsProcesses: !isImage));
    }

    // Only what is there can be kept. Where it cannot be made, the command says so when it tries.
    private static IReadOnlyList<string> FolderToFill(CommandNeeds needs)
    {
        if (string.IsNullOrEmpty(needs.Fills))
        {
            return [];
        }

        try
        {
            TableExporter.MakeFolder(needs.Fills);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return [];
        }

        return [needs.Fills];
    }
}
