using System.CommandLine;
using IommuSpy.Cli.Commands;
using IommuSpy.Cli.Shells;

namespace IommuSpy.Cli;

/// <summary>Every command.</summary>
internal static class CommandTree
{
    // In the order in which help lists them.
    private static readonly (string Name, Func<Command> Build)[] Commands =
    [
        ("info", InfoCommand.Build),
        ("explain", ExplainCommand.Build),
        ("translate", TranslateCommand.Build),
        ("dmesg", DmesgCommand.Build),
        ("layout", LayoutCommand.Build),
        ("resources", ResourcesCommand.Build),
        ("maps", MapsCommand.Build),
        ("roots", RootsCommand.Build),
        ("ps", PsCommand.Build),
        ("vmas", VmasCommand.Build),
        ("stack", StackCommand.Build),
        ("files", FilesCommand.Build),
        ("sockets", SocketsCommand.Build),
        ("mounts", MountsCommand.Build),
        ("vms", VmsCommand.Build),
        ("pagemap", PagemapCommand.Build),
        ("va2pa", Va2paCommand.Build),
        ("who", WhoCommand.Build),
        ("devices", DevicesCommand.Build),
        ("reach", ReachCommand.Build),
        ("exposure", ExposureCommand.Build),
        ("memory", MemoryCommand.Build),
        ("cache", CacheCommand.Build),
        ("page", PageCommand.Build),
        ("pages", PagesCommand.Build),
        ("hidden", HiddenCommand.Build),
        ("hooks", HooksCommand.Build),
        ("compare", CompareCommand.Build),
        ("slab", SlabCommand.Build),
        ("buddy", BuddyCommand.Build),
        ("symbols", SymbolsCommand.Build),
        ("find", FindCommand.Build),
        ("read", ReadCommand.Build),
        ("write", WriteCommand.Build),
        ("convert", ConvertCommand.Build),
        ("report", ReportCommand.Build),
        ("serve", ServeCommand.Build),
        ("acquire", AcquireCommand.Build),
        ("export", ExportCommand.Build),
        ("sql", SqlCommand.Build),
        ("shell", ShellCommand.Build),
        ("mcp", McpCommand.Build),
        ("formats", FormatsCommand.Build),
        ("modules", ModulesCommand.Build),
        ("pci", PciCommand.Build),
        ("types", TypesCommand.Build),
        ("struct", StructCommand.Build),
        ("dis", DisCommand.Build),
        ("vmalloc", VmallocCommand.Build),
        ("iommu", IommuCommand.Build),
        ("watch", WatchCommand.Build),
        ("interrupts", InterruptsCommand.Build),
        ("fault", FaultCommand.Build),
        ("doctor", DoctorCommand.Build),
        ("tables", TablesCommand.Build),
    ];

    /// <summary>Builds the root command with the others below it.</summary>
    /// <param name="args">
    /// The command line. One that begins with a command's name needs no other of this list, and is answered 2 ms sooner without them; all are built for
    /// every other, and for none.
    /// </param>
    public static RootCommand Build(string[]? args = null)
    {
        RootCommand root = new("What is at this address, who maps it, and which device can touch it? Works on memory images with no debug symbols.");
        (string Name, Func<Command> Build)[] named = [.. Commands.Where(command => args is [string first, ..] && command.Name == first)];
        foreach ((_, Func<Command> build) in named.Length > 0 ? named : Commands)
        {
            root.Subcommands.Add(build());
        }

        root.Subcommands.Add(CompletionCommand.Build(root));
        root.Subcommands.Add(ManCommand.Build(root));
        root.Subcommands.Add(HelpCommand.Build(root));
        root.Subcommands.Add(VersionCommand.Build(root));
        root.Options.OfType<VersionOption>().Single().Aliases.Add("-V");
        root.Options.Add(SourceOptions.SourceOption());
        root.Options.Add(OutputOptions.JsonOption());
        RootHelp.Use(root);
        return root;
    }
}
