namespace IommuSpy.Memory.Writing;

/// <summary>What was written.</summary>
/// <param name="Pages">Pages of memory that the source has.</param>
/// <param name="Written">Pages in the written image.</param>
/// <param name="Excluded">Pages left out because that was asked for.</param>
/// <param name="Missing">Pages that the source leaves out or has lost: they are not in the written image either.</param>
/// <param name="Unreadable">Pages that the source claims to have and that do not decode: zeros in the written image, missing in a kdump.</param>
/// <param name="Bytes">Bytes written.</param>
public sealed record WriteResult(ulong Pages, ulong Written, ulong Excluded, ulong Missing, ulong Unreadable, ulong Bytes);
