using System.Text;
using IommuSpy.Linux.Slab;
using IommuSpy.Linux.Tests.Pages;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Slab;

/// <summary>A slab cache that a test built, whole and damaged.</summary>
public class SlabAllocatorTests
{
    // Pages that the built kernel does not use.
    private const ulong CacheFrame = 0x9000;
    private const ulong SlabFrame = 0x9100;
    private const uint Size = 256;
    private const int Objects = 16;
    private const ulong Secret = 0x1122_3344_5566_7788;
    private const int PointerAt = 128;

    [Theory]
    [InlineData((int)FreePointers.Hidden)]
    [InlineData((int)FreePointers.HiddenSwapped)]
    public void Objects_are_live_or_free_as_the_lists_say(int rule)
    {
        int[] free = [3, 0, 15, 7];
        using PageMachine machine = Build((FreePointers)rule, free);
        SlabAllocator slabs = SlabAllocator.Of(machine.Objects, machine.Pages);
        SlabCache cache = Assert.Single(slabs.Caches);
        Assert.Equal(("things", Size, Size - 8, Objects, 0), (cache.Name, cache.Size, cache.ObjectSize, cache.ObjectsPerSlab, cache.Order));
        Assert.Equal((1UL, (ulong)Objects, (ulong)(Objects - free.Length)), (cache.Slabs, cache.Objects, cache.ActiveObjects));
        SlabPages slab = slabs.SlabOf(new(SlabFrame))!;
        Assert.Null(slab.Damage);
        Assert.Equal(Objects, slab.Objects.Count);
        Assert.All(slab.Objects, item => Assert.Equal(free.Contains(item.Index) ? SlabObjectState.Free : SlabObjectState.Live, item.State));
        Assert.Equal(5, slab.ObjectAt(slab.Start + (5 * Size) + 17)!.Value.Index);
        Assert.Equal([4, 5], slab.ObjectsIn(new PageFrame(SlabFrame).Address + (4 * Size) + 100, Size).Select(item => item.Index));
        Assert.Null(slabs.SlabOf(new(SlabFrame + 1)));
    }

    [Fact]
    public void A_free_list_that_comes_back_ends_there()
    {
        using PageMachine machine = Build(FreePointers.HiddenSwapped, [3, 5], end: 0xffff_8880_0910_0300);
        SlabPages slab = SlabAllocator.Of(machine.Objects, machine.Pages).SlabOf(new(SlabFrame))!;
        Assert.Contains("comes back", slab.Damage, StringComparison.Ordinal);
        Assert.Equal([3, 5], slab.Objects.Where(item => item.State == SlabObjectState.Free).Select(item => item.Index));
        Assert.DoesNotContain(slab.Objects, item => item.State == SlabObjectState.Live);
    }

    [Theory]
    [InlineData(0xdead_beef_dead_beefUL)]
    [InlineData(0x0000_0000_0000_0010UL)]
    [InlineData(0xffff_8880_0910_0008UL)] // Into the middle of an object.
    [InlineData(0xffff_8880_0910_1000UL)] // Past the slab's end.
    public void A_wild_free_pointer_is_named(ulong wild)
    {
        using PageMachine machine = Build(FreePointers.HiddenSwapped, [2], wild);
        SlabPages slab = SlabAllocator.Of(machine.Objects, machine.Pages).SlabOf(new(SlabFrame))!;
        Assert.Contains($"0x{wild:x16}", slab.Damage, StringComparison.Ordinal);
        Assert.All(slab.Objects, item => Assert.Equal(item.Index == 2 ? SlabObjectState.Free : SlabObjectState.Unknown, item.State));
    }

    [Fact]
    public void A_slab_of_no_known_cache_is_none()
    {
        using PageMachine machine = Build(FreePointers.HiddenSwapped, [2], spoil: (memory, kernel) =>
            PageMachine.Write(memory, kernel, SlabFrame, type: PageMachine.Slab, mapping: 0xffff_8880_0000_1000));
        Assert.Null(SlabAllocator.Of(machine.Objects, machine.Pages).SlabOf(new(SlabFrame)));
    }

    [Fact]
    public void A_cache_list_in_a_circle_is_cut_and_named()
    {
        using PageMachine machine = Build(FreePointers.HiddenSwapped, [2], spoil: (memory, kernel) =>
        {
            ulong link = kernel.Made.PageOffset + new PageFrame(CacheFrame).Address.Value + 40;
            memory.Write(PageMachine.Physical(kernel, link), link);
            memory.Write(PageMachine.Physical(kernel, link + 8), link);
        });
        SlabAllocator slabs = SlabAllocator.Of(machine.Objects, machine.Pages);
        Assert.NotNull(slabs.Damage);
        Assert.True(slabs.Caches.Count <= 1);
    }

    [Fact]
    public void Sizes_of_garbage_are_named()
    {
        using PageMachine machine = Build(FreePointers.HiddenSwapped, [2], spoil: (memory, kernel) => memory.Write(new PageFrame(CacheFrame).Address + 16, 0));
        SlabAllocator slabs = SlabAllocator.Of(machine.Objects, machine.Pages);
        Assert.Contains("sizes", slabs.Caches[0].Damage, StringComparison.Ordinal);
        Assert.Null(slabs.SlabOf(new(SlabFrame)));
    }

    private static PageMachine Build(FreePointers rule, int[] free, ulong end = 0,
        Action<PhysicalMemoryBuilder, BuiltKernel>? spoil = null) => PageMachine.Build((memory, kernel) =>
    {
        ulong direct = kernel.Made.PageOffset;
        PhysicalAddress cache = new PageFrame(CacheFrame).Address;
        ulong cacheAt = direct + cache.Value;
        ulong node = cacheAt + 512;
        ulong name = cacheAt + 1024;
        ulong slabAt = direct + new PageFrame(SlabFrame).Address.Value;
        ulong page = PageMachine.Address(kernel, SlabFrame);

        memory.Write(cache + 16, Size | ((ulong)(Size - 8) << 32));
        memory.Write(cache + 24, PointerAt | ((ulong)Objects << 32));
        memory.Write(cache + 32, name);
        memory.Write(cache + 56, Secret);
        memory.Write(cache + 64, node);
        memory.Write(cache + 1024, Encoding.ASCII.GetBytes("things\0"));
        PhysicalAddress head = kernel.Made.ToPhysical(PageMachine.Symbol(kernel, "slab_caches"));
        Link(memory, head, PageMachine.Symbol(kernel, "slab_caches").Value, cache + 40, cacheAt + 40);

        memory.Write(cache + 512 + 8, 1);
        memory.Write(cache + 512 + 32, 1);
        memory.Write(cache + 512 + 40, Objects);
        ulong counters = (ulong)(Objects - free.Length) | ((ulong)Objects << 16);
        PageMachine.Write(memory, kernel, SlabFrame, type: PageMachine.Slab, mapping: cacheAt, index: slabAt + ((ulong)free[0] * Size), order: counters);
        Link(memory, cache + 512 + 16, node + 16, kernel.StructPage(new(SlabFrame)) + 8, page + 8);
        for (int i = 0; i < free.Length; i++)
        {
            ulong pointer = slabAt + ((ulong)free[i] * Size) + PointerAt;
            ulong next = i + 1 < free.Length ? slabAt + ((ulong)free[i + 1] * Size) : end;
            memory.Write(PageMachine.Physical(kernel, pointer), rule.Decode(next, Secret, pointer));
        }

        spoil?.Invoke(memory, kernel);
    });

    private static void Link(PhysicalMemoryBuilder memory, PhysicalAddress head, ulong headAt, PhysicalAddress element, ulong elementAt)
    {
        memory.Write(head, elementAt);
        memory.Write(head + 8, elementAt);
        memory.Write(element, headAt);
        memory.Write(element + 8, headAt);
    }
}
