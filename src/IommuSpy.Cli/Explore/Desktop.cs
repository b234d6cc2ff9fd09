using System.ComponentModel;
using System.Diagnostics;

namespace IommuSpy.Cli.Explore;

/// <summary>The desktop that somebody sits at.</summary>
internal static class Desktop
{
    private const string Program = "xdg-open";

    /// <summary>Shows an address in the browser; says so where that cannot be.</summary>
    public static void Open(Uri address)
    {
        try
        {
            ProcessStartInfo start = new(Program, [address.AbsoluteUri])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            };
            using Process? process = Process.Start(start);
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            Output.Problem($"no browser could be opened: {Program} cannot be run");
        }
    }
}
