using System.CommandLine;
using IommuSpy.Linux.Running.Confinement;
using IommuSpy.Memory;

namespace IommuSpy.Cli;

/// <summary>
/// Confines the program before it reads an image (docs/security.md): what a command says that it needs (<see cref="CommandNeeds"/>), and what its source and
/// its way of answering need, it keeps.
/// </summary>
internal sealed class SandboxOptions
{
    private readonly Option<bool> _none = new("--no-sandbox")
    {
        Description = "Do not give up the rights to write files, open sockets and run programs before the image is read: for systems where that goes wrong.",
        Recursive = true,
    };

    /// <summary>Adds the option to a program and its commands.</summary>
    public SandboxOptions(Command root) => root.Options.Add(_none);

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
            [.. needs.Writes, .. isImage ? MemoryImage.FoldersOfCopies(sources) : []],
            needs.Connects || sources.Any(MemoryImage.IsServer),
            Display.Pages || needs.Starts,
            ReadsProcesses: !isImage));
    }
}
