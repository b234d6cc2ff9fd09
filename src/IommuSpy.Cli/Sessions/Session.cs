using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using IommuSpy.Analysis;
using IommuSpy.Memory;
using IommuSpy.Memory.Writing;

namespace IommuSpy.Cli.Sessions;

/// <summary>
/// A machine that is opened once and asked line after line, by the commands that a command line has. What the session's command line says of its source holds
/// for every line that does not say otherwise.
/// </summary>
internal sealed class Session : IDisposable
{
    private readonly CommandNeeds _kept;
    private readonly bool _isConfined;
    private readonly bool _onlyReads;

    private Session(Machine machine, IReadOnlyList<string> paths, IReadOnlyList<string> guests, CommandNeeds kept, bool isConfined, bool onlyReads)
    {
        Machine = machine;
        Paths = paths;
        Guests = guests;
        _kept = kept;
        _isConfined = isConfined;
        _onlyReads = onlyReads;
        Colour = Display.Colour;
        Pages = Display.Pages;
    }

    /// <summary>The one that this program is in; null for none.</summary>
    public static Session? Current { get; private set; }

    /// <summary>The opened machine.</summary>
    public Machine Machine { get; private set; }

    /// <summary>Where it is read from.</summary>
    public IReadOnlyList<string> Paths { get; }

    /// <summary>Which virtual machine of that it is.</summary>
    public IReadOnlyList<string> Guests { get; }

    /// <summary>What the session's command line says of colour.</summary>
    public bool? Colour { get; }

    /// <summary>Whether answers may go through a pager.</summary>
    public bool Pages { get; }

    /// <summary>What `_` stands for: the last address that was named or answered; null where there was none.</summary>
    public string? Last { get; private set; }

    /// <summary>Whether the user has said that it ends.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Whether an answer is being made that Ctrl-C gives up.</summary>
    public bool IsAnswering { get; private set; }

    /// <summary>Opens the machine.</summary>
    /// <param name="result">The session's command line.</param>
    /// <param name="source">Its source.</param>
    /// <param name="isConfined">Whether it has given up what it has declared no need of.</param>
    /// <param name="onlyReads">Whether whoever asks may write no file and start no program, confined or not.</param>
    public static Session Begin(ParseResult result, SourceOptions source, bool isConfined, bool onlyReads = false) =>
        Current = new(source.OpenMachine(result), source.Paths(result), source.Guests(result), CommandNeeds.Of(result), isConfined, onlyReads);

    /// <summary>An address was named, or was an answer: `_` stands for it from now on.</summary>
    public static void Remember(NamedAddress address)
    {
        if (Current is { } session)
        {
            string kind = address.Sort switch
            {
                AddressSort.Physical => "phys:",
                AddressSort.GuestPhysical => "gpa:",
                AddressSort.IoVirtual => "iova:",
                _ => "",
            };
            session.Last = $"{kind}0x{address.Value:x16}";
        }
    }

    /// <summary>Answers a line.</summary>
    /// <returns>The exit code that the command would have as a program.</returns>
    public int Ask(string text)
    {
        SessionLine line;
        try
        {
            line = SessionLine.Parse(text, Last);
        }
        catch (UsageException e)
        {
            return Refuse(e.Message, ExitCode.Usage);
        }

        if (line.Shell is string command)
        {
            return Run(command);
        }

        if (line.Words is [] or ["exit" or "quit"])
        {
            HasEnded = line.Words.Count > 0;
            return ExitCode.Done;
        }

        return Answered(() => line.File is string file ? IntoFile(file, line) : Answer(line, file: null), CancellationToken.None);
    }

    /// <summary>Answers a command line into a stream.</summary>
    /// <param name="words">The command line, without the program's name.</param>
    /// <param name="answer">What takes the answer.</param>
    /// <param name="remarks">What takes what is said beside it.</param>
    /// <param name="cancellation">Gives the question up.</param>
    /// <returns>The exit code that the command would have as a program.</returns>
    public int Ask(string[] words, Stream answer, Stream remarks, CancellationToken cancellation)
    {
        StandardOutput.Begin(answer);
        StandardError.Begin(remarks);
        try
        {
            return Answered(() => CommandRunner.Question(CommandTree.Build(words), words), cancellation);
        }
        finally
        {
            StandardError.Begin();
            StandardOutput.Begin();
        }
    }

    private int Answered(Func<int> answer, CancellationToken cancellation)
    {
        WorkBudget.OfProcess.ForNextQuestion();
        IsAnswering = true;
        try
        {
            using CancellationTokenRegistration given = cancellation.Register(WorkBudget.OfProcess.Stop);
            return answer();
        }
        finally
        {
            IsAnswering = false;
            if (WorkBudget.OfProcess.IsStopped)
            {
                // What it was finding out for later questions may have ended in the middle.
                Machine = Machine.Anew();
                WorkBudget.OfProcess.ForNextQuestion();
                StandardOutput.EndLine();
                Output.Problem("interrupted");
            }
        }
    }

    /// <summary>Refuses a command line that needs what the session has given up, or that is a session itself.</summary>
    /// <exception cref="UsageException">It does.</exception>
    public void Check(ParseResult result)
    {
        CommandNeeds needs = CommandNeeds.Of(result);
        string name = result.CommandResult.Command.Name;
        if (needs.IsSession)
        {
            throw new UsageException($"{name} begins a session, and this is one");
        }

        if (_onlyReads && (needs.Writes.Count > 0 || needs.Fills is not null || needs.Starts || needs.Serves || needs.Everything))
        {
            throw new UsageException($"{name} would write a file, start a program or be a server, which nobody may who asks here");
        }

        if (!_isConfined)
        {
            return;
        }

        if (needs.Serves || needs.Everything || (needs.Sources.Any(MemoryImage.IsServer) && !Paths.Any(MemoryImage.IsServer)))
        {
            throw new UsageException($"{name} opens connections, which a session cannot: call it outside of one, or begin the session with --no-sandbox");
        }

        string? outside = SourceOptions.AreLive(Paths) ? null
            : needs.Writes.Append(needs.Fills).OfType<string>().FirstOrDefault(folder => !_kept.Writes.Append(_kept.Fills).OfType<string>()
                .Any(kept => IsBelow(Path.GetFullPath(folder), kept)));
        if (outside is not null)
        {
            throw new UsageException($"{outside}: a session writes in the folder that it began in and below alone, unless it began with --no-sandbox");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Current = null;
        StandardOutput.Begin();
        Machine.Dispose();
    }

    private static bool IsBelow(string folder, string kept) =>
        folder == kept || kept == "/" || folder.StartsWith(kept + "/", StringComparison.Ordinal);

    private static int Answer(SessionLine line, Stream? file)
    {
        string[] words = [.. line.Words];
        try
        {
            StandardOutput.Begin(file, line.Program);
        }
        catch (Win32Exception)
        {
            return Refuse("no program can be started: /bin/sh is missing, or the system has no room for one", ExitCode.Source);
        }

        return CommandRunner.Question(CommandTree.Build(words), words);
    }

    // Of an answer that failed nothing is kept.
    private int IntoFile(string path, SessionLine line)
    {
        int exitCode = ExitCode.Source;
        try
        {
            NewFile.Write(path, Paths, force: false, stream =>
            {
                exitCode = Answer(line, stream);
                if (exitCode is not (ExitCode.Done or ExitCode.NoAnswer))
                {
                    throw new OperationCanceledException();
                }
            });
            return exitCode;
        }
        catch (OperationCanceledException)
        {
            return exitCode;
        }
        catch (MemoryImageException e)
        {
            StandardOutput.Begin();
            return Refuse(e.Message.Replace(", or replace it with --force", "", StringComparison.Ordinal), ExitCode.Source);
        }
    }

    private static int Run(string command)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { UseShellExecute = false })!;
            process.WaitForExit();
            return process.ExitCode == 0 ? ExitCode.Done : ExitCode.NoAnswer;
        }
        catch (Win32Exception)
        {
            return Refuse("no program can be started: /bin/sh is missing, or the system has no room for one", ExitCode.Source);
        }
    }

    private static int Refuse(string message, int exitCode)
    {
        Display.Tell(CommandRunner.Name, message, isFatal: true);
        return exitCode;
    }
}
