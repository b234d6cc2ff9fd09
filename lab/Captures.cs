using IommuSpy.Lab.Host;
using IommuSpy.Lab.Kernels;
using IommuSpy.Lab.Machines;
using IommuSpy.Lab.Recording;

namespace IommuSpy.Lab;

/// <summary>The captures in the cache, made on demand.</summary>
public static class Captures
{
    private static readonly TimeSpan UnusedLimit = TimeSpan.FromDays(7);

    // Checkouts that share a cache may have different guest programs, and each its own capture of the same machine.
    private static readonly TimeSpan OutdatedLimit = TimeSpan.FromDays(1);

    /// <summary>
    /// The capture for <paramref name="spec"/>, from the cache if its inputs (kernel package, options, machine, guest programs) have not changed,
    /// else made now: about a minute. Safe to call from several processes at once: one makes it, the others wait.
    /// </summary>
    /// <param name="say">Receives one line for each step that takes time; standard error if null.</param>
    /// <exception cref="LabException">The capture cannot be made; the message is ready to be shown.</exception>
    public static Capture Ensure(CaptureSpec spec, Action<string>? say = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(spec);
        spec.Validate();
        say ??= line => Console.Error.WriteLine($"lab: {line}");
        KernelName name = KernelName.Parse(spec.Kernel);
        if (KernelStore.TryOpen(name) is { } known && TryFind(spec, known) is { } cached)
        {
            return cached;
        }

        using LabLock held = LabLock.Take(LabDirectories.LockFile, say, cancellation);
        HostTools.Ensure(name.Architecture, say, cancellation);
        GuestKernel kernel = KernelStore.Ensure(name, say, cancellation);
        if (spec.PagingLevels == 5 && kernel.Lacks("X86_5LEVEL"))
        {
            throw new LabException($"kernel {name} is built without 5-level paging: use --paging 4");
        }

        if (TryFind(spec, kernel) is { } madeMeanwhile)
        {
            return madeMeanwhile;
        }

        string inputs = CaptureInputs.Hash(spec, kernel);
        Capture capture = SerialLog.Boot(() => new CaptureBuilder(spec, kernel, inputs, say, cancellation).Build(DirectoryFor(spec, inputs)), say);
        RemoveOutdated(capture);
        return capture;
    }

    /// <summary>Every finished capture in the cache.</summary>
    public static IReadOnlyList<Capture> All() =>
        [.. Directory.GetDirectories(LabDirectories.Captures).Order(StringComparer.Ordinal).Select(Capture.TryOpen).OfType<Capture>()];

    /// <summary>Removes captures, and with <paramref name="everything"/> kernels and programs too; returns how many captures went.</summary>
    public static int Clean(bool everything, Action<string> say, CancellationToken cancellation = default)
    {
        using LabLock held = LabLock.Take(LabDirectories.LockFile, say, cancellation);
        string[] directories = Directory.GetDirectories(LabDirectories.Captures);
        foreach (string directory in directories)
        {
            Directory.Delete(directory, recursive: true);
        }

        if (everything)
        {
            Directory.Delete(LabDirectories.Kernels, recursive: true);
            Directory.Delete(LabDirectories.Apt, recursive: true);
            Directory.Delete(LabDirectories.Programs, recursive: true);
        }

        return directories.Length;
    }

    private static string DirectoryFor(CaptureSpec spec, string inputs) => Path.Combine(LabDirectories.Captures, $"{spec.Name}-{inputs[..8]}");

    private static Capture? TryFind(CaptureSpec spec, GuestKernel kernel)
    {
        Capture? capture = Capture.TryOpen(DirectoryFor(spec, CaptureInputs.Hash(spec, kernel)));
        capture?.MarkUsed();
        return capture;
    }

    // What nothing has asked for lately, and what a killed lab left behind: with the lock held, nobody else is building.
    private static void RemoveOutdated(Capture made)
    {
        foreach (string directory in Directory.GetDirectories(LabDirectories.Captures))
        {
            Capture? other = Capture.TryOpen(directory);
            if (other is null || DateTime.UtcNow - other.LastUsed > (other.Spec == made.Spec && other.Inputs != made.Inputs ? OutdatedLimit : UnusedLimit))
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }
}
