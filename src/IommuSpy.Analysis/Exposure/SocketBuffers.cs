using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Slab;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;

namespace IommuSpy.Analysis.Exposure;

/// <summary>
/// Finds the buffers of network packets: live objects of the cache that sk_buffs come from (net/core/skbuff.c, skbuff_head_cache), whose pointers hold
/// together.
/// </summary>
internal static class SocketBuffers
{
    private const int MaxBuffers = 1 << 20;

    // A packet's linear part is at most this long; what says more is no sk_buff.
    private const ulong MaxBytes = 1 << 20;

    private static readonly string[] Caches = ["skbuff_head_cache", "skbuff_cache"];

    public static IReadOnlyList<SocketBuffer> Of(Machine machine, MemoryPages pages, SlabAllocator slabs)
    {
        KernelObjects objects = machine.Parts.Objects.Required;
        Field? head = objects.Types.FindField("sk_buff", "head");
        Field? data = objects.Types.FindField("sk_buff", "data");
        Field? end = objects.Types.FindField("sk_buff", "end");
        Field? callback = objects.Types.FindField("skb_shared_info", "destructor_arg");
        List<SocketBuffer> found = [];
        if (head is null || data is null || end is null)
        {
            return found;
        }

        foreach (SlabPages slab in Slabs(pages, slabs))
        {
            foreach (SlabObject item in slab.Objects.Where(item => item.State == SlabObjectState.Live))
            {
                if (objects.Pointer(item.Address, head) is not VirtualAddress first || objects.Pointer(item.Address, data) is not VirtualAddress packet
                    || objects.Read(item.Address, end) is not ulong behind)
                {
                    continue;
                }

                // An offset from the head on 64-bit kernels (NET_SKBUFF_DATA_USES_OFFSET).
                VirtualAddress info = end.Bytes == sizeof(uint) ? first + behind : new(behind);
                if (info - first < MaxBytes && packet - first <= info - first && machine.Kernel.Space.TryTranslate(info, out PhysicalAddress infoAt)
                    && machine.Kernel.Space.TryTranslate(packet, out PhysicalAddress packetAt) && found.Count < MaxBuffers)
                {
                    found.Add(new(item.Address, first, packetAt, info, infoAt, callback?.Offset));
                }
            }
        }

        return found;
    }

    // A cache's full slabs are on no list: the struct pages lead to them.
    private static List<SlabPages> Slabs(MemoryPages pages, SlabAllocator slabs)
    {
        List<SlabPages> found = [];
        HashSet<ulong> wanted = [.. slabs.Caches.Where(cache => Caches.Contains(cache.Name)).Select(cache => cache.Address.Value)];
        if (wanted.Count == 0)
        {
            return found;
        }

        PageCursor cursor = new(pages, stackalloc byte[256]);
        foreach (PageSection section in pages.Array.Sections)
        {
            for (ulong i = 0; i < PageSection.Frames; i++)
            {
                PageFrame frame = new(section.First.Number + i);
                if (cursor.MoveTo(frame) && pages.IsSlab(cursor.Folio) && cursor.Folio.Head.Frame == frame && slabs.CacheOf(frame) is SlabCache cache
                    && wanted.Contains(cache.Address.Value)
                    && slabs.SlabOf(frame) is SlabPages slab)
                {
                    found.Add(slab);
                }
            }
        }

        return found;
    }
}
