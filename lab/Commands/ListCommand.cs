using System.CommandLine;

namespace IommuSpy.Lab.Commands;

/// <summary>lab list: the captures in the cache.</summary>
internal static class ListCommand
{
    public static Command Create()
    {
        var command = new Command("list", "List the captures in the cache.");
        command.SetAction(_ =>
        {
            foreach (Capture capture in Captures.All())
            {
                Console.Out.WriteLine($"{capture.Directory}  {capture.KernelRelease}");
            }
        });
        return command;
    }
}
