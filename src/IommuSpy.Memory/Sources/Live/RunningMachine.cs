using IommuSpy.Memory.Systems;

namespace IommuSpy.Memory.Sources.Live;

/// <summary>The memory of the machine that this program runs on, by whichever way is open: /proc/kcore, else /dev/mem.</summary>
public static class RunningMachine
{
    /// <summary>By whichever way is open.</summary>
    public const string Live = "live";

    /// <summary>Read through /proc/kcore.</summary>
    public const string Kcore = "kcore";

    /// <summary>Read through /dev/mem.</summary>
    public const string Devmem = "devmem";

    /// <summary>The image of the running machine, or null where the name is another source's.</summary>
    /// <param name="name">The source's name.</param>
    /// <param name="files">The machine's files: whose /proc/kcore and /dev/mem these are.</param>
    /// <exception cref="MemoryImageException">No way is open: what was tried, and why each failed.</exception>
    public static MemoryImage? Open(string name, RunningFiles files) => name switch
    {
        Kcore => KcoreSource.Open(name, files),
        Devmem => DevmemSource.Open(name, files),
        Live => OpenAny(name, files),
        _ => null,
    };

    private static MemoryImage OpenAny(string name, RunningFiles files)
    {
        try
        {
            return KcoreSource.Open(name, files);
        }
        catch (MemoryImageException kcore)
        {
            try
            {
                return DevmemSource.Open(name, files);
            }
            catch (MemoryImageException devmem)
            {
                throw new MemoryImageException(Both(files, kcore.Message, devmem.Message), devmem);
            }
        }
    }

    // Where both fail for one reason, it is said once.
    private static string Both(RunningFiles files, string kcore, string devmem) => Privileges.Of(files).Refusal is string refusal
        ? $"the running machine's memory cannot be read (/proc/kcore, /dev/mem): {refusal}; or name an image with -s FILE"
        : $"the running machine's memory cannot be read: {kcore}; {devmem}; or name an image with -s FILE";
}
