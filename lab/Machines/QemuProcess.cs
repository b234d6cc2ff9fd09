using System.Diagnostics;
using IommuSpy.Lab.Host;

namespace IommuSpy.Lab.Machines;

/// <summary>A running QEMU, which ends with this object, with the cancellation, or at its time limit, whichever is first.</summary>
internal sealed class QemuProcess : IDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;
    private readonly CancellationTokenRegistration _registration;

    private QemuProcess(Process process, CancellationToken cancellation)
    {
        _process = process;
        _errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        _registration = cancellation.Register(Kill);

        // A test run that is interrupted cancels nothing.
        AppDomain.CurrentDomain.ProcessExit += KillAtExit;
    }

    public bool HasExited => _process.HasExited;

    /// <param name="architecture">Of the guest.</param>
    /// <param name="arguments">QEMU's.</param>
    /// <param name="limit">After which QEMU is ended even if this process has been killed and cannot do it.</param>
    public static QemuProcess Start(GuestArchitecture architecture, IReadOnlyList<string> arguments, TimeSpan limit, CancellationToken cancellation)
    {
        string[] limited = ["--kill-after=5", $"{(long)limit.TotalSeconds}", HostTools.PathOf(architecture.Emulator), .. arguments];
        var start = new ProcessStartInfo("timeout", limited) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardInput = true };
        Process process = HostCommand.Start(start);
        process.StandardInput.Close();
        return new QemuProcess(process, cancellation);
    }

    public static string Version(GuestArchitecture architecture, CancellationToken cancellation) =>
        HostCommand.Run(HostTools.PathOf(architecture.Emulator), ["--version"], cancellation).Split('\n')[0].Trim();

    /// <summary>The last thing QEMU said, once it has exited.</summary>
    public string LastWords()
    {
        // Emulation warns about every CPU feature that it lacks: not what anyone wants to read after a failure.
        IEnumerable<string> lines = _errors.GetAwaiter().GetResult().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.LastOrDefault(line => !line.Contains("TCG doesn't support requested feature", StringComparison.Ordinal)) ?? "(it said nothing)";
    }

    public bool WaitForExit(TimeSpan time) => _process.WaitForExit(time);

    public void Kill()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }
    }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= KillAtExit;
        _registration.Dispose();
        Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private void KillAtExit(object? sender, EventArgs arguments) => Kill();
}
