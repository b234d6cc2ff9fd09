namespace IommuSpy.Memory.Writing;

/// <summary>Where an image is written to.</summary>
internal interface IImageOutput
{
    /// <summary>Bytes that were written.</summary>
    ulong BytesWritten { get; }

    /// <summary>Writes bytes at an offset of the image.</summary>
    void Write(ulong offset, ReadOnlySpan<byte> bytes);

    /// <summary>Makes the image that long: what was not written is zeros.</summary>
    void Finish(ulong length);
}
