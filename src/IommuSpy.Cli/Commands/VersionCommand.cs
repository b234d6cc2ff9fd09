using System.CommandLine;
using System.Reflection;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy version: what --version says.</summary>
internal static class VersionCommand
{
    public static Command Build(RootCommand root)
    {
        Command command = new("version", "The program's version.\n\nExample: iommu-spy version");
        command.SetAction(result => root.Parse("--version").Invoke(result.InvocationConfiguration));
        return command;
    }

    /// <summary>The program's version without the revision that it was built from.</summary>
    public static string Number =>
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "";
}
