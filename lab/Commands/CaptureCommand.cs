using System.CommandLine;

namespace IommuSpy.Lab.Commands;

/// <summary>lab capture: boots a guest, records it and prints the directory.</summary>
internal static class CaptureCommand
{
    public static Command Create()
    {
        var output = new Option<string?>("--out") { Description = "a symbolic link to make to the capture" };
        var command = new Command("capture", "Boot a Debian kernel in QEMU and capture its memory with oracle files; prints the directory.") { output };
        MachineOptions machine = new(command);
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                Capture capture = Captures.Ensure(machine.Spec(parsed), cancellation: cancellation);
                Console.Out.WriteLine(parsed.GetValue(output) is { } link ? Link(capture, link) : capture.Directory);
            },
            CancellationToken.None));
        return command;
    }

    // The cache owns the capture, so --out costs no second copy of gigabytes.
    private static string Link(Capture capture, string link)
    {
        var existing = new FileInfo(link);
        if (existing.LinkTarget is not null)
        {
            existing.Delete();
        }
        else if (Path.Exists(link))
        {
            throw new LabException($"{link} exists and is no link: name another place");
        }

        File.CreateSymbolicLink(link, capture.Directory);
        return link;
    }
}
