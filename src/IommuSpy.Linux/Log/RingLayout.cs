using IommuSpy.Linux.Types;
using IommuSpy.Linux.VmCoreInfo;

namespace IommuSpy.Linux.Log;

/// <summary>
/// Where the fields of the ring's structures stand (kernel/printk/printk_ringbuffer.h). Bytes. Of head_id and all before it no release has moved
/// anything; what stands behind it has grown (last_finalized_id, 5.18), and so has struct printk_info (the execution context, 6.19).
/// </summary>
/// <param name="TextRing">Of the ring of texts in struct printk_ringbuffer.</param>
/// <param name="InfoBytes">Of a struct printk_info.</param>
/// <param name="Device">Of the device's names in it.</param>
internal sealed record RingLayout(ulong TextRing, ulong InfoBytes, ulong Device)
{
    /// <summary>What a description says, then the documented ones, the newer first.</summary>
    public static IEnumerable<RingLayout> Candidates(KernelTypes? types, VmCoreInfoNote? note)
    {
        if (types?.FindField("printk_ringbuffer", "text_data_ring") is Field ring && types.FindStruct("printk_info") is StructType info
            && info.Find("dev_info") is Field device)
        {
            yield return new(ring.Offset, info.Bytes, device.Offset);
        }

        if (note is not null && note.TryGetOffset("printk_ringbuffer.text_data_ring", out long text) && note.TryGetSize("printk_info", out long bytes)
            && note.TryGetOffset("printk_info.dev_info", out long names))
        {
            yield return new((ulong)text, (ulong)bytes, (ulong)names);
        }

        yield return new(48, 88, 24);
        yield return new(40, 88, 24);
        yield return new(48, 112, 44);
    }
}
