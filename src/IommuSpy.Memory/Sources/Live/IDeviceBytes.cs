namespace IommuSpy.Memory.Sources.Live;

/// <summary>
/// Bytes that the kernel reads for us when asked: of /proc/kcore by file offset, of /dev/mem by physical address. Safe to share between threads.
/// </summary>
internal interface IDeviceBytes
{
    /// <summary>Asks once.</summary>
    /// <returns>Bytes read; fewer than asked for where the kernel refuses one of them: perhaps none of a page, or of all.</returns>
    int Read(ulong at, Span<byte> destination);
}
