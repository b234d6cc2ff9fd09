namespace IommuSpy.Memory.Sources.Live;

/// <summary>
/// Pages of a running machine that a thread has just read: kept for some milliseconds, so that a walk and the reading of a structure's fields do not ask the
/// kernel for the same page again and again, and no answer is older than a system call that was held up.
/// </summary>
internal sealed class RecentPages
{
    private const int Pages = 256;
    private const long LifeMilliseconds = 10;

    [ThreadStatic]
    private static RecentPages? _ofThread;

    private static int _epoch;

    private readonly ulong[] _keys = new ulong[Pages];
    private readonly object?[] _owners = new object?[Pages];
    private readonly long[] _read = new long[Pages];
    private readonly int[] _epochs = new int[Pages];
    private readonly byte[] _bytes = new byte[Pages * PageFrame.Size];

    /// <summary>The pages that this thread read last.</summary>
    internal static RecentPages OfThread => _ofThread ??= new();

    /// <summary>Forgets what all threads keep: what is read from now on is read anew.</summary>
    internal static void Forget() => Interlocked.Increment(ref _epoch);

    /// <summary>Copies a part of a page that is kept.</summary>
    internal bool TryCopy(object owner, ulong page, int offset, Span<byte> destination)
    {
        int slot = (int)(page % Pages);
        if (!ReferenceEquals(_owners[slot], owner) || _keys[slot] != page || _epochs[slot] != Volatile.Read(ref _epoch)
            || Environment.TickCount64 - _read[slot] > LifeMilliseconds)
        {
            return false;
        }

        _bytes.AsSpan((slot * PageFrame.Size) + offset, destination.Length).CopyTo(destination);
        return true;
    }

    /// <summary>Where a page goes that is about to be read.</summary>
    internal Span<byte> Slot(ulong page)
    {
        int slot = (int)(page % Pages);
        _owners[slot] = null;
        return _bytes.AsSpan(slot * PageFrame.Size, PageFrame.Size);
    }

    /// <summary>Keeps the page that was read into its slot.</summary>
    /// <param name="owner">Whose page it is.</param>
    /// <param name="page">Its number.</param>
    /// <param name="epoch">The epoch in which the reading began.</param>
    internal void Keep(object owner, ulong page, int epoch)
    {
        int slot = (int)(page % Pages);
        _keys[slot] = page;
        _epochs[slot] = epoch;
        _read[slot] = Environment.TickCount64;
        _owners[slot] = owner;
    }

    /// <summary>The epoch: what was read in an earlier one is forgotten.</summary>
    internal static int Epoch => Volatile.Read(ref _epoch);
}
