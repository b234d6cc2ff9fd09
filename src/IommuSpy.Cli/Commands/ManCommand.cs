using System.CommandLine;
using System.Globalization;
using IommuSpy.Cli.Shells;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy man: the manual page.</summary>
internal static class ManCommand
{
    public static Command Build(RootCommand root)
    {
        Command command = new("man", "The manual page, for man(1).\n\nExample: iommu-spy man | man -l -");
        command.SetAction(_ =>
        {
            using StreamWriter writer = Output.OwnText();
            ManualPage.Write(writer, root, CommandRunner.Name, VersionCommand.Number, Date);
            return ExitCode.Done;
        });
        return command;
    }

    /// <summary>Today, or what a reproducible build says that today is (reproducible-builds.org/specs/source-date-epoch).</summary>
    private static DateTimeOffset Date => long.TryParse(Environment.GetEnvironmentVariable("SOURCE_DATE_EPOCH"), CultureInfo.InvariantCulture, out long seconds)
        ? DateTimeOffset.FromUnixTimeSeconds(seconds)
        : DateTimeOffset.UtcNow;
}
