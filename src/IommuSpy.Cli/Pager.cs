using System.Buffers;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using IommuSpy.Cli.Sessions;
using IommuSpy.Memory;

namespace IommuSpy.Cli;

/// <summary>The program through which a person reads what is longer than the terminal, as git chooses it.</summary>
internal sealed class Pager
{
    private const string Usual = "less";

    // With any of these in it, a command is the shell's to read.
    private static readonly SearchValues<char> ShellCharacters = SearchValues.Create("|&;<>()$`\\\"' \t\n*?[#~=%");

    private static Pager? _running;

    private readonly Process _process;
    private readonly Stream _input;
    private readonly PosixSignalRegistration _interrupt;

    private Pager(Process process)
    {
        _process = process;
        _input = process.StandardInput.BaseStream;

        // Ctrl-C is the pager's too, which goes on: the shell gets the terminal back when that has ended.
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            if (!IsInterrupted)
            {
                IsInterrupted = true;
                if (Session.Current is null)
                {
                    new Thread(EndWithPager) { IsBackground = true }.Start();
                }
            }
        });
    }

    /// <summary>What shells say of a program that SIGINT has ended.</summary>
    public static int InterruptedExit => 130;

    /// <summary>Whether the user has pressed Ctrl-C while one ran.</summary>
    public static bool IsInterrupted { get; private set; }

    /// <summary>Begins another question of a session.</summary>
    /// <param name="command">A program that the user wants the answer to go through, as the shell runs it; null for none.</param>
    public static void Begin(string? command)
    {
        IsInterrupted = false;
        if (command is not null)
        {
            Start(new("/bin/sh", ["-c", command]));
        }
    }

    /// <summary>Starts one. False where none is wanted, or none can be run: then answers go to the terminal itself.</summary>
    public static bool TryStart()
    {
        string command = Environment.GetEnvironmentVariable("IOMMU_SPY_PAGER") ?? Environment.GetEnvironmentVariable("PAGER") ?? Usual;
        if (command.Trim() is "" or "cat")
        {
            return false;
        }

        ProcessStartInfo start = command.AsSpan().IndexOfAny(ShellCharacters) >= 0 ? new("/bin/sh", ["-c", command]) : new(command);
        start.Environment.TryAdd("LESS", "FRX");
        start.Environment.TryAdd("LV", "-c");
        try
        {
            Start(start);
        }
        catch (Win32Exception e)
        {
            // Nobody has asked for less.
            if (command != Usual)
            {
                Display.Tell(CommandRunner.Name, $"the pager '{command}' cannot be run: {FileProblem.Of(new IOException(null, e.NativeErrorCode))}");
            }

            return false;
        }

        return true;
    }

    /// <summary>Writes to the one that runs; false where its user has read enough.</summary>
    public static bool TryWrite(ReadOnlySpan<byte> bytes)
    {
        try
        {
            if (IsInterrupted || _running is not { } pager)
            {
                return false;
            }

            pager._input.Write(bytes);
            pager._input.Flush();
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>Waits until the user has read what was written; nothing where none runs.</summary>
    public static void Finish()
    {
        if (_running is not { } pager)
        {
            return;
        }

        _running = null;
        pager._input.Dispose();
        pager._process.WaitForExit();
        pager._interrupt.Dispose();
        pager._process.Dispose();
    }

    private static void Start(ProcessStartInfo start)
    {
        start.UseShellExecute = false;
        start.RedirectStandardInput = true;
        _running = new(Process.Start(start)!);
    }

    private void EndWithPager()
    {
        _process.WaitForExit();
        Environment.Exit(InterruptedExit);
    }
}
