using System.CommandLine;

namespace IommuSpy.Lab.Commands;

/// <summary>lab clean: removes what the lab keeps.</summary>
internal static class CleanCommand
{
    public static Command Create()
    {
        var everything = new Option<bool>("--all") { Description = "kernels and guest programs too; the next capture takes the newest kernel" };
        var command = new Command("clean", "Remove every capture from the cache.") { everything };
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                int removed = Captures.Clean(parsed.GetValue(everything), line => Console.Error.WriteLine($"lab: {line}"), cancellation);
                Console.Error.WriteLine($"lab: removed {removed} captures");
            },
            CancellationToken.None));
        return command;
    }
}
