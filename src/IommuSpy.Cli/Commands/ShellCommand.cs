using System.CommandLine;
using System.Runtime.InteropServices;
using IommuSpy.Cli.Sessions;
using IommuSpy.Memory;

namespace IommuSpy.Cli.Commands;

/// <summary>iommu-spy shell: question after question to one machine that is opened once.</summary>
internal static class ShellCommand
{
    private const string StandardInput = "-";

    // A line that a person types is never so long, nor is a file of such lines.
    private const int LongestLine = 64 << 10;
    private const long LongestFile = 16 << 20;

    public static Command Build()
    {
        Option<string?> batch = new("--batch")
        {
            Description = "Ask the lines of this file instead of a person's; - for standard input, which is asked anyway where it is no terminal.",
            HelpName = "FILE",
        };
        Option<bool> stop = new("--stop-on-error") { Description = "Of --batch: end at the first line that fails, rather than go on as crash -i does." };
        Option<bool> noEcho = new("--no-echo") { Description = "Of --batch: answers alone, without each line before its answer." };
        Command command = new(
            "shell",
            "Question after question to one machine that is opened once: a line is a command of this program without its name, and the source, --vm and "
                + "--types that stand here hold for all of them. Tab completes commands, options, values, symbols, processes, devices and types; lines are "
                + "kept in $XDG_STATE_HOME/iommu-spy/history. `_` is the last address that was named or answered. `| PROGRAM` gives an answer to a program, "
                + "`> FILE` writes it into a new file, `!COMMAND` runs a command of sh, # begins a remark. Ctrl-C ends an answer, exit, quit or Ctrl-D the "
                + "session."
                + "\n\nA session starts programs, and they and it write in the folder where it began and below, and temporary files, and nowhere "
                + "else; they open no connections. --no-sandbox leaves that out."
                + "\n\nWith --batch each line is repeated before its answer, lines that fail are passed over as crash -i does, and the exit code is the "
                + "greatest of all lines."
                + "\n\nExamples: iommu-spy shell -s dump.elf\n          iommu-spy shell -s dump.elf --batch questions.txt\n          "
                + "echo 'explain init_task' | iommu-spy shell -s dump.elf --no-echo")
        {
            batch,
            stop,
            noEcho,
        };
        SourceOptions source = new(command);
        CommandNeeds.Declare(command, result => source.NeedsOf(result) with
        {
            Writes = [Environment.CurrentDirectory],
            Fills = IsAsked(result.GetValue(batch)) ? null : SessionHistory.Folder,
            Starts = true,
            IsSession = true,
        });
        command.SetAction(result =>
        {
            string? file = result.GetValue(batch);
            if (IsAsked(file))
            {
                // Everything that goes out while nobody sits there is for a file or a program.
                Display.WithoutPager();
                using Stream? lines = file is null or StandardInput ? null : new MemoryStream(ReadLines(file));
                using Session session = Session.Begin(result, source, !SandboxOptions.IsLeftOut(result));
                return Ask(session, lines ?? Console.OpenStandardInput(), result.GetValue(stop), !result.GetValue(noEcho));
            }

            if (result.GetValue(stop) || result.GetValue(noEcho))
            {
                throw new UsageException("--stop-on-error and --no-echo are for --batch");
            }

            using Session asked = Session.Begin(result, source, !SandboxOptions.IsLeftOut(result));
            return Converse(asked);
        });
        return command;
    }

    private static bool IsAsked(string? batch) => batch is not null || Console.IsInputRedirected;

    private static byte[] ReadLines(string file)
    {
        try
        {
            return Opener.ReadAll(file, LongestFile);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new MemoryImageException($"--batch {file}: {FileProblem.Of(e, file)}", e);
        }
    }

    // The answer to a line is with its reader before the next line is waited for.
    private static int Ask(Session session, Stream input, bool stops, bool echoes)
    {
        int worst = ExitCode.Done;
        foreach (InputLine line in InputLines.Of(input, LongestLine, () => { }))
        {
            string text = line.Text.Trim();
            if (text.Length == 0 || text[0] == '#')
            {
                continue;
            }

            StandardOutput.Begin();
            if (echoes)
            {
                using LineWriter echo = Output.Text();
                echo.WriteLine($"{LinePrompt.Text} {text}");
            }

            worst = Math.Max(worst, line.IsCut ? TooLong() : session.Ask(text));
            if (session.HasEnded || (stops && worst != ExitCode.Done))
            {
                break;
            }
        }

        return worst;
    }

    private static int TooLong()
    {
        Display.Tell(CommandRunner.Name, $"a line has more than {Size.Text(LongestLine)}", isFatal: true);
        return ExitCode.Usage;
    }

    private static int Converse(Session session)
    {
        SessionHistory history = SessionHistory.Read();
        LinePrompt? prompt = LinePrompt.IsPossible ? new(history.Lines, new LineCompletion(session)) : null;
        OnInterrupt.Outlive();
        using PosixSignalRegistration interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal =>
        {
            // What is not given up at once can be ended by pressing it once more.
            signal.Cancel = prompt?.TryGiveUp() == true || !session.IsAnswering || StandardOutput.HasPager || !WorkBudget.OfProcess.IsStopped;
            if (session.IsAnswering)
            {
                WorkBudget.OfProcess.Stop();
            }
        });
        Welcome(session);
        while (!session.HasEnded && (prompt is null ? Plain() : prompt.Read()) is string line)
        {
            StandardOutput.Begin();
            history.Add(line.TrimEnd());
            session.Ask(line);
        }

        return ExitCode.Done;
    }

    private static void Welcome(Session session)
    {
        using LineWriter text = Output.Beside();
        text.WriteLine(
            $"{session.Machine.Image.Path}: Linux {session.Machine.Kernel.Facts.Release.Value}, {Size.Text(session.Machine.Kernel.Memory.ByteCount)}"
                + "   (help lists the commands, Tab completes, Ctrl-D ends)");
    }

    // A terminal that nothing can be drawn on.
    private static string? Plain()
    {
        using (StreamWriter text = Output.OwnText())
        {
            text.Write(LinePrompt.Text + " ");
        }

        return Console.ReadLine();
    }
}
