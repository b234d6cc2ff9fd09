using System.CommandLine;
using System.Text.Json;
using IommuSpy.Analysis;
using IommuSpy.Analysis.Types;
using IommuSpy.Catalogue;
using IommuSpy.Cli.Sessions;
using IommuSpy.Linux;
using IommuSpy.Linux.Running;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;
using IommuSpy.Sql;

namespace IommuSpy.Cli;

/// <summary>Runs a command line: what fails becomes one line on standard error and an exit code, and with -J a document on standard output too.</summary>
internal static class CommandRunner
{
    public const string Name = "iommu-spy";

    private const string Usage = "usage";
    private const string NoAnswer = "noAnswer";

    // A word that begins with @ is a word, as everywhere else.
    private static readonly ParserConfiguration Literally = new() { ResponseFileTokenReplacer = null };

    /// <summary>Parses and runs.</summary>
    /// <param name="root">The command.</param>
    /// <param name="args">Its arguments.</param>
    /// <param name="name">The name by which complaints begin.</param>
    public static int Run(Command root, string[] args, string name = Name)
    {
        Descriptor.Hold();
        AppDomain.CurrentDomain.UnhandledException += (_, failure) => End(name, failure.ExceptionObject as Exception);
        return Question(root, args, name);
    }

    /// <summary>Parses and runs one question: of a session, the next one.</summary>
    /// <inheritdoc cref="Run"/>
    public static int Question(Command root, string[] args, string name = Name)
    {
        try
        {
            int exitCode = Answer(root, args, name);
            return Pager.IsInterrupted ? Pager.InterruptedExit : StandardError.HasFailed ? ExitCode.Source : exitCode;
        }
        finally
        {
            Pager.Finish();
        }
    }

    private static int Answer(Command root, string[] args, string name)
    {
        bool json = CommandLine.AsksForJson(args);
        try
        {
            using StreamWriter output = Output.OwnText();
            output.AutoFlush = true;
            Console.SetOut(output);
            return Invoke(root, args, name, output);
        }
        catch (Exception) when (WorkBudget.OfProcess.IsStopped)
        {
            // Whatever it has failed with, that was the end of it.
            return Pager.InterruptedExit;
        }
        catch (OutputException e)
        {
            // Where the reader has stopped, head has its lines: there is nobody to tell.
            return e.IsClosed ? ExitCode.Done : Complain(name, json: false, "output", e.Message, ExitCode.Source);
        }
        catch (Exception e)
        {
            (string kind, string message) = NamedProblem(e);
            return Complain(name, json, kind, message, kind switch
            {
                Usage => ExitCode.Usage,
                NoAnswer => ExitCode.NoAnswer,
                _ => ExitCode.Source,
            });
        }
    }

    /// <summary>What kind of failure an exception is, as JSON names it, and what it says to people, in one line.</summary>
    public static (string Kind, string Message) NamedProblem(Exception failure) => failure switch
    {
        UsageException or QuestionException or ExpressionException { IsBadText: true } => (Usage, failure.Message),
        NoAnswerException or LinuxDiscoveryException or MissingTypeException or ExpressionException or NoGuestException or RunningProcessException =>
            (NoAnswer, failure.Message),
        TableFailedException { InnerException: Exception inner } table => (NamedProblem(inner).Kind, $"{table.Table}: {NamedProblem(inner).Message}"),
        SqlException { Failure: SqlFailure.Question } => (Usage, failure.Message),
        SqlException or MemoryImageException => ("source", failure.Message),
        IOException or UnauthorizedAccessException => ("source", FileProblem.Of(failure)),

        // The last resort: whatever input has made us fail, the answer is one line.
        _ => ("internal", InternalProblem(failure)),
    };

    private static string InternalProblem(Exception failure) => failure is AggregateException { InnerException: Exception inner } ? InternalProblem(inner)
        : failure is OutOfMemoryException ? "memory is exhausted: the answer would need more than this program may take"
        : $"an error of this program itself, which the input has brought about: {failure.GetType().Name}: {failure.Message}";

    /// <summary>What a thread of its own has failed at ends the program, since nobody is left who could go on.</summary>
    private static void End(string name, Exception? failure)
    {
        Display.Tell(name, failure is null ? "an error of this program itself" : InternalProblem(failure), isFatal: true);
        Environment.Exit(ExitCode.Source);
    }

    private static int Invoke(Command root, string[] args, string name, TextWriter output)
    {
        DisplayOptions display = new(root);
        SandboxOptions sandbox = new(root);
        InvocationConfiguration configuration = new() { EnableDefaultExceptionHandler = false, Output = output };
        if (args.Length == 0)
        {
            using StringWriter help = new() { NewLine = "\n" };
            configuration.Output = help;
            root.Parse("--help").Invoke(configuration);
            string text = Display.Width is int width ? FoldedLines.Of(help.ToString(), width) : help.ToString();
            using LineWriter beside = Output.Beside();
            foreach (string line in text.Split('\n').SkipLast(1))
            {
                beside.WriteLine(line);
            }

            return ExitCode.Usage;
        }

        string[] words = CommandLine.CommandFirst(root, args);
        ParseResult result = root.Parse(words, Literally);
        display.Use(result);
        bool isHelp = result.Action is { ClearsParseErrors: true };
        if (!isHelp && CommandLine.Problem(result, words) is string problem)
        {
            throw new UsageException($"{problem} (see {name} {CommandPath(result)}--help)");
        }

        if (!isHelp)
        {
            if (Session.Current is { } session)
            {
                session.Check(result);
            }
            else
            {
                sandbox.Enter(result);
            }
        }

        int exitCode = result.Invoke(configuration);
        Output.Problems(WorkBudget.OfProcess.Problems);
        return exitCode;
    }

    private static string CommandPath(ParseResult result) => result.CommandResult.Parent is null ? "" : result.CommandResult.Command.Name + " ";

    private static int Complain(string name, bool json, string kind, string message, int exitCode)
    {
        Display.Tell(name, message, isFatal: true);
        if (json && !StandardOutput.HasBegun)
        {
            try
            {
                WriteError(kind, message);
            }
            catch (OutputException)
            {
                // The line on standard error has said it.
            }
        }

        return exitCode;
    }

    private static void WriteError(string kind, string message)
    {
        using Stream output = Output.Bytes();
        using (Utf8JsonWriter writer = new(output, new() { Encoder = HarmlessEncoder.Instance }))
        {
            writer.WriteStartObject();
            writer.WriteNumber("version", JsonNames.Version);
            writer.WriteStartObject("error");
            writer.WriteString("kind", kind);
            writer.WriteString("message", message);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        output.WriteByte((byte)'\n');
    }
}
