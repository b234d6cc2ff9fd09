namespace IommuSpy.Lab.Host;

/// <summary>
/// Held while a kernel is fetched or a guest runs. One at a time for a cache directory: two test processes must not build
/// the same capture, and two emulated guests on a small machine only slow each other into their timeouts.
/// </summary>
internal sealed class LabLock : IDisposable
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(200);
    private readonly FileStream _file;

    private LabLock(FileStream file) => _file = file;

    /// <summary>Waits for the lock, as long as it takes; the operating system frees it when its holder dies.</summary>
    public static LabLock Take(string path, Action<string> say, CancellationToken cancellation) => TakeAny([path], say, cancellation);

    /// <summary>Takes any one of several, waiting until one is free.</summary>
    public static LabLock TakeAny(IReadOnlyList<string> paths, Action<string> say, CancellationToken cancellation)
    {
        bool said = false;
        while (true)
        {
            foreach (string path in paths)
            {
                cancellation.ThrowIfCancellationRequested();
                try
                {
                    // On Unix, FileShare.None is flock(LOCK_EX | LOCK_NB).
                    return new LabLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
                }
                catch (IOException) when (File.Exists(path))
                {
                }
            }

            if (!said)
            {
                say("waiting for another lab to finish");
                said = true;
            }

            cancellation.WaitHandle.WaitOne(RetryInterval);
        }
    }

    public void Dispose() => _file.Dispose();
}
