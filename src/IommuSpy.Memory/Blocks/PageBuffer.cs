namespace IommuSpy.Memory.Blocks;

/// <summary>Where a thread decodes a block of which it wants a part.</summary>
internal static class PageBuffer
{
    [ThreadStatic]
    private static byte[]? _ofThread;

    /// <summary>This thread's, good until its next call.</summary>
    internal static Span<byte> OfThread(int bytes)
    {
        if (_ofThread is null || _ofThread.Length < bytes)
        {
            _ofThread = GC.AllocateUninitializedArray<byte>(bytes);
        }

        return _ofThread.AsSpan(0, bytes);
    }
}
