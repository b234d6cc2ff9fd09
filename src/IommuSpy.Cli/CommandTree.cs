using System.CommandLine;
using IommuSpy.Cli.Commands;
using IommuSpy.Cli.Shells;

namespace IommuSpy.Cli;

/// <summary>Every command.</summary>
internal static class CommandTree
{
    /// <summary>Builds the root command with all others below it.</summary>
    public static RootCommand Build()
    {
        RootCommand root = new("What is at this address, who maps it, and which device can touch it? Works on memory images with no debug symbols.")
        {
            InfoCommand.Build(),
            ExplainCommand.Build(),
            TranslateCommand.Build(),
            LayoutCommand.Build(),
            ResourcesCommand.Build(),
            MapsCommand.Build(),
            RootsCommand.Build(),
            PsCommand.Build(),
            VmasCommand.Build(),
            PagemapCommand.Build(),
            Va2paCommand.Build(),
            WhoCommand.Build(),
            DevicesCommand.Build(),
            ReachCommand.Build(),
            ExposureCommand.Build(),
            PageCommand.Build(),
            PagesCommand.Build(),
            SlabCommand.Build(),
            BuddyCommand.Build(),
            SymbolsCommand.Build(),
            ReadCommand.Build(),
            WriteCommand.Build(),
            ConvertCommand.Build(),
            AcquireCommand.Build(),
            FormatsCommand.Build(),
            ModulesCommand.Build(),
            PciCommand.Build(),
            TypesCommand.Build(),
            VmallocCommand.Build(),
            IommuCommand.Build(),
            WatchCommand.Build(),
            InterruptsCommand.Build(),
            FaultCommand.Build(),
            DoctorCommand.Build(),
            TablesCommand.Build(),
        };
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
