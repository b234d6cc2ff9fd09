using System.CommandLine;
using IommuSpy.Lab.Running;

namespace IommuSpy.Lab.Commands;

/// <summary>lab run: boots a guest that stays up, and runs commands in it.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var commands =
            new Argument<string[]>("COMMAND")
            {
                Description = "commands for the guest's shell, one after the other; without any, each line of standard input",
                Arity = ArgumentArity.ZeroOrMore
            };
        var files =
            new Option<string[]>("--file")
            {
                Description = "a file that the guest is given, GUEST-PATH=FILE, a program's libraries too; repeat for several",
                DefaultValueFactory = _ => []
            };
        var ordinary = new Option<bool>("--ordinary") { Description = "as an ordinary user rather than root" };
        var command = new Command("run", "Boot a Debian kernel in QEMU and run commands in the guest; exits as the last of them.") { commands, files,
            ordinary };
        MachineOptions machine = new(command);
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                GuestFile[] given = [.. parsed.GetRequiredValue(files).SelectMany(File)];
                using RunningGuest guest = RunningGuest.Boot(machine.Spec(parsed), given, TimeSpan.FromHours(1), cancellation: cancellation);
                string[] named = parsed.GetValue(commands) ?? [];
                int exitCode = 0;
                foreach (string line in named.Length > 0 ? named : Input())
                {
                    GuestOutcome outcome = guest.Run(line, parsed.GetValue(ordinary) ? RunningGuest.OrdinaryUser : 0);
                    Console.Out.Write(outcome.Output);
                    Console.Error.Write(outcome.Error);
                    exitCode = outcome.ExitCode;
                    if (named.Length == 0)
                    {
                        Console.Error.WriteLine($"lab: exit code {exitCode}");
                    }
                }

                return exitCode;
            },
            CancellationToken.None));
        return command;
    }

    private static IEnumerable<string> Input()
    {
        while (Console.In.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    private static IReadOnlyList<GuestFile> File(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0 || !System.IO.File.Exists(text[(equals + 1)..]))
        {
            throw new LabException($"--file '{text}': write GUEST-PATH=FILE, a file that is here");
        }

        return GuestFile.Program(text[..equals], text[(equals + 1)..]);
    }
}
