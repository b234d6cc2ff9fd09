using System.Text;
using IommuSpy.Linux.Tests.Pages;
using IommuSpy.Linux.Zones;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Zones;

/// <summary>A zone that a test built, whole and damaged.</summary>
public class ZoneTableTests
{
    private const ulong First = 0x9200;
    private const ulong Second = 0x9204;

    [Fact]
    public void Free_blocks_are_listed_by_order_and_type()
    {
        using PageMachine machine = Build();
        MemoryZone zone = Assert.Single(ZoneTable.Of(machine.Objects, machine.Pages.Array).Zones);
        Assert.Equal(("Normal", 0UL, 0x10000UL, 8UL), (zone.Name, zone.Start.Number, zone.Spanned, zone.FreePages));
        Assert.Equal(["Unmovable", "Movable"], zone.Orders[2].Lists.Select(list => list.Type));
        Assert.Equal([new(First), new(Second)], zone.Orders[2].Lists[1].Blocks);
        Assert.Equal(2UL, zone.Orders[2].Listed);
        Assert.All(zone.Orders, blocks => Assert.All(blocks.Lists, list => Assert.Null(list.Damage)));
    }

    [Fact]
    public void A_list_in_a_circle_is_cut_and_named()
    {
        using PageMachine machine = Build((memory, kernel) => memory.Write(kernel.StructPage(new(Second)) + 8, PageMachine.Address(kernel, First) + 8));
        FreeList list = ZoneTable.Of(machine.Objects, machine.Pages.Array).Zones.Single().Orders[2].Lists[1];
        Assert.NotNull(list.Damage);
        Assert.Equal([new(First), new(Second)], list.Blocks);
    }

    [Fact]
    public void An_element_that_is_no_struct_page_is_named()
    {
        using PageMachine machine = Build((memory, kernel) =>
        {
            // A list_head of the kernel's image, linked in as if it were a page's.
            ulong stray = PageMachine.Symbol(kernel, "slab_caches").Value;
            PhysicalAddress at = kernel.Made.ToPhysical(new(stray));
            memory.Write(kernel.StructPage(new(First)) + 8, stray);
            memory.Write(at, PageMachine.Address(kernel, Second) + 8);
            memory.Write(at + 8, PageMachine.Address(kernel, First) + 8);
            memory.Write(kernel.StructPage(new(Second)) + 16, stray);
        });
        FreeList list = ZoneTable.Of(machine.Objects, machine.Pages.Array).Zones.Single().Orders[2].Lists[1];
        Assert.Contains("no struct page", list.Damage, StringComparison.Ordinal);
        Assert.Equal([new(First)], list.Blocks);
    }

    private static PageMachine Build(Action<PhysicalMemoryBuilder, BuiltKernel>? spoil = null) => PageMachine.Build((memory, kernel) =>
    {
        // pglist_data and its zone lie in the image, over function_0 and on: nothing reads those.
        VirtualAddress node = PageMachine.Symbol(kernel, "contig_page_data");
        PhysicalAddress at = kernel.Made.ToPhysical(node);
        memory.Write(at, new byte[4096]);
        memory.Write(at + 8, 0x10000);
        memory.Write(at + 16, 0x10000);
        memory.Write(at + 24, kernel.Made.PageOffset + 0x9300_000);
        memory.Write(new(0x9300_000), Encoding.ASCII.GetBytes("Normal\0"));
        for (ulong order = 0; order < 3; order++)
        {
            for (ulong type = 0; type < 2; type++)
            {
                ulong list = 32 + (order * 40) + (type * 16);
                memory.Write(at + list, (node + list).Value);
                memory.Write(at + list + 8, (node + list).Value);
            }
        }

        ulong movable = 32 + (2 * 40) + 16;
        ulong[] ring = [(node + movable).Value, PageMachine.Address(kernel, First) + 8, PageMachine.Address(kernel, Second) + 8];
        PageMachine.Write(memory, kernel, First, type: PageMachine.Buddy, references: 0, order: 2);
        PageMachine.Write(memory, kernel, Second, type: PageMachine.Buddy, references: 0, order: 2);
        PhysicalAddress[] places = [at + movable, kernel.StructPage(new(First)) + 8, kernel.StructPage(new(Second)) + 8];
        for (int i = 0; i < ring.Length; i++)
        {
            memory.Write(places[i], ring[(i + 1) % ring.Length]);
            memory.Write(places[i] + 8, ring[(i + ring.Length - 1) % ring.Length]);
        }

        memory.Write(at + 32 + (2 * 40) + 32, 2);
        spoil?.Invoke(memory, kernel);
    });
}
