using System.CommandLine;
using IommuSpy.Linux;
using IommuSpy.Linux.Running;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Cli;

/// <summary>Runs a command line: every failure becomes one line on standard error and an exit code.</summary>
internal static class CommandRunner
{
    public const string Name = "iommu-spy";

    /// <summary>Parses and runs.</summary>
    /// <param name="root">The command.</param>
    /// <param name="args">Its arguments.</param>
    /// <param name="name">The name by which complaints begin.</param>
    public static int Run(RootCommand root, string[] args, string name = Name)
    {
        ParseResult result = root.Parse(args);
        if (result.Errors.Count > 0)
        {
            string problem = string.Join(' ', result.Errors[0].Message.Split('\n', StringSplitOptions.TrimEntries)).TrimEnd('.');
            Complain(name, $"{problem} (see {name} {CommandPath(result)}--help)");
            return ExitCode.Usage;
        }

        try
        {
            return result.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (UsageException e)
        {
            Complain(name, e.Message);
            return ExitCode.Usage;
        }
        catch (Exception e) when (e is NoAnswerException or LinuxDiscoveryException or MissingTypeException or RunningProcessException)
        {
            Complain(name, e.Message);
            return ExitCode.NoAnswer;
        }
        catch (MemoryImageException e)
        {
            Complain(name, e.Message);
            return ExitCode.Source;
        }
        catch (IOException)
        {
            // Whoever read our output has stopped: head has its lines.
            return ExitCode.Done;
        }
    }

    private static string CommandPath(ParseResult result) => result.CommandResult.Command is RootCommand ? "" : result.CommandResult.Command.Name + " ";

    private static void Complain(string name, string message) => Console.Error.WriteLine($"{name}: {message}");
}
