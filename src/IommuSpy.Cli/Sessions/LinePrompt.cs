using System.Text;
using RadLine;
using Spectre.Console;

namespace IommuSpy.Cli.Sessions;

/// <summary>Asks a person at a terminal for a line, with the keys that readline has: history, completion, moving and deleting.</summary>
internal sealed class LinePrompt
{
    /// <summary>What stands before a line.</summary>
    public const string Text = CommandRunner.Name + ">";

    private readonly LineEditor _editor;
    private readonly IAnsiConsole _console;
    private readonly LineCompletion _completion;
    private CancellationTokenSource? _reading;

    /// <summary>A prompt.</summary>
    /// <param name="history">What was typed before.</param>
    /// <param name="completion">What may be completed.</param>
    public LinePrompt(IReadOnlyList<string> history, LineCompletion completion)
    {
        _completion = completion;
        _console = AnsiConsole.Create(new()
        {
            Ansi = AnsiSupport.Yes,
            Interactive = InteractionSupport.Yes,
            ColorSystem = ColorSystemSupport.NoColors,
            Out = new AnsiConsoleOutput(new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false))
            {
                AutoFlush = true,
            }),
        });
        _editor = new(_console, new Keys()) { Prompt = new LineEditorPrompt(Text), MultiLine = false };
        Bind(ConsoleKey.UpArrow, context => context.Execute(new PreviousHistoryCommand()));
        Bind(ConsoleKey.DownArrow, context => context.Execute(new NextHistoryCommand()));
        Bind(ConsoleKey.P, context => context.Execute(new PreviousHistoryCommand()), ConsoleModifiers.Control);
        Bind(ConsoleKey.N, context => context.Execute(new NextHistoryCommand()), ConsoleModifiers.Control);
        Bind(ConsoleKey.A, context => context.Buffer.Move(0), ConsoleModifiers.Control);
        Bind(ConsoleKey.E, context => context.Buffer.Move(context.Buffer.Length), ConsoleModifiers.Control);
        Bind(ConsoleKey.B, context => context.Execute(new MoveLeftCommand()), ConsoleModifiers.Control);
        Bind(ConsoleKey.F, context => context.Execute(new MoveRightCommand()), ConsoleModifiers.Control);
        Bind(ConsoleKey.U, context => Delete(context.Buffer, 0, context.Buffer.Position), ConsoleModifiers.Control);
        Bind(ConsoleKey.K, context => Delete(context.Buffer, context.Buffer.Position, context.Buffer.Length), ConsoleModifiers.Control);
        Bind(ConsoleKey.W, context => Delete(context.Buffer, WordBefore(context.Buffer), context.Buffer.Position), ConsoleModifiers.Control);
        Bind(ConsoleKey.D, EndOrDelete, ConsoleModifiers.Control);
        Bind(ConsoleKey.Tab, Complete);

        // What is typed ahead, while no key is waited for, comes as a terminal makes lines of it: with the character of Ctrl-J at their ends.
        Bind(ConsoleKey.Enter, context => context.Submit(SubmitAction.Submit), ConsoleModifiers.Control);
        Bind(ConsoleKey.J, context => context.Submit(SubmitAction.Submit), ConsoleModifiers.Control);
        foreach (string line in history)
        {
            _editor.History.Add(line);
        }
    }

    /// <summary>Whether this terminal can be written on so.</summary>
    public static bool IsPossible => !Console.IsInputRedirected && !Console.IsOutputRedirected
        && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb");

    /// <summary>Reads a line; empty where Ctrl-C was pressed, null where the user ends it.</summary>
    public string? Read()
    {
        using CancellationTokenSource reading = new();
        _reading = reading;
        try
        {
            string? line = _editor.ReadLine(reading.Token).GetAwaiter().GetResult();
            if (line is null)
            {
                _console.WriteLine();
            }

            return line;
        }
        catch (OperationCanceledException)
        {
            _console.WriteLine("^C");
            return "";
        }
        finally
        {
            _reading = null;
        }
    }

    /// <summary>Ctrl-C: gives up the line that is being typed; false where none is.</summary>
    public bool TryGiveUp()
    {
        CancellationTokenSource? reading = _reading;
        reading?.Cancel();
        return reading is not null;
    }

    private static void EndOrDelete(LineEditorContext context)
    {
        if (context.Buffer.Length == 0)
        {
            context.Submit(SubmitAction.Cancel);
        }
        else
        {
            context.Execute(new DeleteCommand());
        }
    }

    // What all candidates have in common is typed; where that is nothing more, they are listed above the line.
    private void Complete(LineEditorContext context)
    {
        LineBuffer buffer = context.Buffer;
        (int start, IReadOnlyList<Candidate> found) = _completion.Of(buffer.Content[..buffer.Position]);
        if (found.Count == 0)
        {
            return;
        }

        string common = found.Select(one => one.Text).Aggregate(Common);
        if (found.Count == 1 && !common.EndsWith('=') && !common.EndsWith('/') && !common.EndsWith(':'))
        {
            common += " ";
        }

        if (found.Count > 1 && common.Length <= buffer.Position - start)
        {
            List(found);
            return;
        }

        Delete(buffer, start, buffer.Position);
        buffer.Insert(common);
        buffer.Move(start + common.Length);
    }

    private void List(IReadOnlyList<Candidate> found)
    {
        const int Most = 100;
        _console.WriteLine();
        foreach (string line in Candidate.Columns([.. found.Take(Most)], Display.Width ?? 80))
        {
            _console.WriteLine(line);
        }

        if (found.Count > Most)
        {
            _console.WriteLine($"... {found.Count - Most} more");
        }
    }

    private static string Common(string one, string other)
    {
        int length = 0;
        while (length < one.Length && length < other.Length && one[length] == other[length])
        {
            length++;
        }

        return one[..length];
    }

    private static int WordBefore(LineBuffer buffer)
    {
        int at = buffer.Position;
        while (at > 0 && buffer.Content[at - 1] == ' ')
        {
            at--;
        }

        while (at > 0 && buffer.Content[at - 1] != ' ')
        {
            at--;
        }

        return at;
    }

    private static void Delete(LineBuffer buffer, int start, int end)
    {
        buffer.Clear(start, end - start);
        buffer.Move(start);
    }

    private void Bind(ConsoleKey key, Action<LineEditorContext> act, ConsoleModifiers? modifiers = null)
    {
        if (modifiers is ConsoleModifiers with)
        {
            _editor.KeyBindings.Add(key, with, () => new Bound(act));
        }
        else
        {
            _editor.KeyBindings.Add(key, () => new Bound(act));
        }
    }

    private sealed class Bound(Action<LineEditorContext> act) : LineEditorCommand
    {
        public override void Execute(LineEditorContext context) => act(context);
    }

    private sealed class Keys : IInputSource
    {
        public bool ByPassProcessing => false;

        public bool IsKeyAvailable() => Console.KeyAvailable;

        public ConsoleKeyInfo ReadKey() => Console.ReadKey(intercept: true);
    }
}
