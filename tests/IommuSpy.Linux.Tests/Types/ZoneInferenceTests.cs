using System.Text;
using IommuSpy.Linux.Inference;
using IommuSpy.Linux.Inference.Pages;
using IommuSpy.Linux.Tests.Discovery;
using IommuSpy.Linux.Types;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Types;

/// <summary>Zones, their free blocks and what CPUs keep of them, in a layout that no kernel has.</summary>
public class ZoneInferenceTests
{
    private const ulong Node = 200UL << 20;
    private const ulong Texts = Node + 0x10000;
    private const ulong Cpus = Node + 0x20000;
    private const ulong CpuBytes = 0x1000;
    private const ulong ZoneBytes = 768;
    private const ulong PagesetAt = 40;
    private const ulong StartAt = 64;
    private const ulong NameAt = 104;
    private const ulong AreaAt = 128;
    private const ulong AreaBytes = 56;
    private const ulong TotalsAt = (3 * ZoneBytes) + 16;
    private const ulong ListsAt = 16;
    private const ulong LinkAt = 8;
    private const ulong PrivateAt = 40;

    [Fact]
    public void Zones_lists_and_counts_are_found_wherever_they_are()
    {
        InferredTypes types = Infer();
        Assert.Equal(
            [
                "free_area.free_list 0", "free_area.nr_free 48", "page.lru 8", "page.private 40", "per_cpu_pages.count 4", "per_cpu_pages.lists 16",
                "per_cpu_pageset.pcp 0",
                "pglist_data.node_id 2344", "pglist_data.node_present_pages 2328", "pglist_data.node_spanned_pages 2336", "pglist_data.node_start_pfn 2320",
                "pglist_data.node_zones 0",
                "zone.free_area 128", "zone.managed_pages 72", "zone.name 104", "zone.pageset 40", "zone.present_pages 88", "zone.spanned_pages 80",
                "zone.zone_start_pfn 64",
            ],
            types.Evidence.Select(field => $"{field.Structure}.{field.Name} {field.Offset}").Order(StringComparer.Ordinal));
        Assert.Empty(types.Refusals);
        Assert.Equal(
            (3UL, 11UL, 3UL, 3UL),
            (Count(types, "pglist_data", "node_zones"), Count(types, "zone", "free_area"), Count(types, "free_area", "free_list"),
                Count(types, "per_cpu_pages", "lists")));
        Assert.Equal((ZoneBytes, AreaBytes), (types.FindStruct("zone")!.Bytes, types.FindStruct("free_area")!.Bytes));
        Assert.Equal((1L, 2L, 3L), (types.FindEnumerator("MIGRATE_MOVABLE"), types.FindEnumerator("MIGRATE_PCPTYPES"), types.FindEnumerator("MIGRATE_TYPES")));
    }

    [Theory]
    [InlineData(Node + ZoneBytes + AreaAt + 48, 3UL)] // one block more than is listed
    [InlineData(Node + ZoneBytes + AreaAt + (2 * AreaBytes) + 48, 1UL)] // one less
    [InlineData(Node + AreaAt + (3 * AreaBytes) + 16, Node)] // a list's head that leads elsewhere
    public void Lists_that_contradict_their_numbers_are_refused(ulong at, ulong value)
    {
        InferredTypes types = Infer((memory, _) => memory.Write(new(at), value));
        Assert.Null(types.FindField("zone", "free_area"));
        Assert.Contains(types.Refusals, refusal => refusal is { Structure: "free_area", Name: "free_list" });
        Assert.NotNull(types.FindField("zone", "zone_start_pfn"));
    }

    [Theory]
    [InlineData(PrivateAt, 3UL)] // a block of another order
    [InlineData(LinkAt + 8, 0UL)] // a link that does not lead back
    public void Pages_that_contradict_their_list_are_refused(ulong at, ulong value)
    {
        InferredTypes types = Infer((memory, kernel) => memory.Write(kernel.StructPage(new(0x9208)) + at, value));
        Assert.Null(types.FindField("zone", "free_area"));
        Assert.Null(types.FindField("page", "lru"));
    }

    [Fact]
    public void A_list_in_a_circle_ends_and_is_refused()
    {
        InferredTypes types = Infer((memory, kernel) => memory.Write(kernel.StructPage(new(0x9208)) + LinkAt, kernel.Made.Vmemmap + (0x9204 * 64) + LinkAt));
        Assert.Null(types.FindField("zone", "free_area"));
        Assert.Contains(types.Refusals, refusal => refusal is { Structure: "per_cpu_pages" });
    }

    [Theory]
    [InlineData(Texts, 0x656e_6f5aUL)] // "Zone" in the place of "DMA"
    [InlineData(Node + TotalsAt + 8, 0xffffUL)] // a node that has less than its zones
    [InlineData(Node + StartAt, 2UL)] // zones that overlap
    [InlineData(Node + ZoneBytes + StartAt + 8, 0x1_0000_0000UL)] // more managed than present
    public void Zones_that_contradict_their_node_are_refused(ulong at, ulong value)
    {
        InferredTypes types = Infer((memory, _) => memory.Write(new(at), value));
        Assert.Empty(types.Evidence);
        Assert.Contains(types.Refusals, refusal => refusal is { Structure: "pglist_data", Name: "node_zones" });
    }

    [Theory]
    [InlineData("OFFSET(zone.spanned_pages)=80\nOFFSET(zone.free_area)=128\nOFFSET(page.lru)=8\nOFFSET(pglist_data.node_id)=2344\n", null)]
    [InlineData("OFFSET(zone.spanned_pages)=88\n", "pglist_data.node_zones")]
    [InlineData("OFFSET(pglist_data.node_id)=2360\n", "pglist_data.node_zones")]
    [InlineData("OFFSET(zone.free_area)=136\n", "free_area.free_list")]
    [InlineData("OFFSET(page.lru)=32\n", "free_area.free_list")]
    public void What_VMCOREINFO_contradicts_is_refused(string note, string? refused)
    {
        InferredTypes types = Infer(note: note);
        Assert.Equal(refused is not null,
            types.Refusals.Any(refusal => $"{refusal.Structure}.{refusal.Name}" == refused && refusal.Reason.Contains("VMCOREINFO", StringComparison.Ordinal)));
        Assert.Equal(refused is null, types.FindField("zone", "free_area") is not null);
    }

    [Fact]
    public void Numbers_of_kept_pages_that_contradict_the_lists_are_refused()
    {
        InferredTypes types = Infer((memory, _) => memory.Write(new(Cpus + CpuBytes + 0x140), 7UL << 32));
        Assert.Null(types.FindField("per_cpu_pages", "count"));
        Assert.Null(types.FindField("zone", "pageset"));
        Assert.NotNull(types.FindField("zone", "free_area"));
    }

    [Fact]
    public void As_many_nodes_as_an_image_claims_are_not_looked_at()
    {
        InferredTypes types = Infer((memory, kernel) => memory.Write(kernel.PhysicalOf("nr_node_ids"), uint.MaxValue));
        Assert.NotNull(types.FindField("zone", "free_area"));
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("OFFSET(zone.spanned_pages)=72\n", true)]
    [InlineData("OFFSET(zone.spanned_pages)=80\n", false)]
    public void Numbers_in_the_order_of_3_16_are_found_unless_VMCOREINFO_contradicts(string note, bool found)
    {
        InferredTypes types = Infer((memory, _) =>
        {
            Words(memory, Node + StartAt, 1, 0xfff, 0xf9e, 0xf00);
            Words(memory, Node + ZoneBytes + StartAt, 0x1000, 0xf000, 0xf000, 0xe000);
        }, note);
        Assert.Equal(found ? [72UL, 80UL, 88UL] : [],
            ((string[])["spanned_pages", "present_pages", "managed_pages"]).Select(name => types.FindField("zone", name)?.Offset).OfType<ulong>());
    }

    [Theory]
    [InlineData("6.1.0-test", "", 80UL)]
    [InlineData("3.16.59", "", 72UL)]
    [InlineData("3.16.59", "OFFSET(zone.spanned_pages)=80\n", 80UL)] // a note outranks what is said of releases
    public void Where_all_numbers_are_the_same_the_note_and_then_the_release_tell_the_order(string release, string note, ulong spanned)
    {
        InferredTypes types = Infer((memory, _) =>
        {
            Words(memory, Node + StartAt, 1, 0xf9e, 0xf9e, 0xf9e);
            Words(memory, Node + ZoneBytes + StartAt, 0x1000, 0xf000, 0xf000, 0xf000);
            Words(memory, Node + TotalsAt, 1, 0xf9e + 0xf000, 0xf9e + 0xf000, 0);
        }, note, release);
        Assert.Equal(spanned, types.FindField("zone", "spanned_pages")!.Offset);
    }

    private static ulong Count(InferredTypes types, string tag, string field) => Assert.IsType<ArrayType>(types.FindField(tag, field)!.Type).Count;

    private static InferredTypes Infer(Action<PhysicalMemoryBuilder, BuiltKernel>? spoil = null, string note = "", string release = "6.1.0-test")
    {
        KernelBuilder made = new()
        {
            Release = release,
            MoreVariables = [("node_data", 512), ("nr_node_ids", 8), ("migratetype_names", 64), ("__per_cpu_offset", 16), ("nr_cpu_ids", 8)],
            MoreNote = note,
        };
        using BuiltMachine machine = BuiltMachine.Raw(made, (memory, kernel) =>
        {
            Build(memory, kernel);
            spoil?.Invoke(memory, kernel);
        });
        return InferenceSteps.Take(machine.Discover(), [new ZoneStep(), new FreeAreaStep(), new CpuPageStep()]);
    }

    private static void Build(PhysicalMemoryBuilder memory, BuiltKernel kernel)
    {
        ulong direct = kernel.Made.PageOffset;
        memory.Write(kernel.PhysicalOf("node_data"), direct + Node);
        memory.Write(kernel.PhysicalOf("nr_node_ids"), 1);
        memory.Write(kernel.PhysicalOf("nr_cpu_ids"), 2);
        string[] texts = ["DMA", "DMA32", "Normal", "Unmovable", "Movable", "HighAtomic"];
        for (int i = 0; i < texts.Length; i++)
        {
            memory.Write(new(Texts + ((ulong)i * 16)), Encoding.ASCII.GetBytes(texts[i] + "\0"));
            memory.Write(i < 3 ? new(Node + ((ulong)i * ZoneBytes) + NameAt) : kernel.PhysicalOf("migratetype_names") + ((ulong)(i - 3) * 8),
                direct + Texts + ((ulong)i * 16));
        }

        // Start, managed, spanned, present; the third zone has no memory.
        Words(memory, Node + StartAt, 1, 0xf00, 0xfff, 0xf9e);
        Words(memory, Node + ZoneBytes + StartAt, 0x1000, 0xe000, 0xf000, 0xf000);
        Words(memory, Node + TotalsAt, 1, 0xf9e + 0xf000, 0xfff + 0xf000, 0);
        for (ulong zone = 0; zone < 3; zone++)
        {
            for (ulong order = 0; order < 11; order++)
            {
                for (ulong type = 0; type < 3; type++)
                {
                    ulong[] frames = (zone, order, type) switch
                    {
                        (0, 3, 0) => [0x108],
                        (1, 0, 1) => [0x9001, 0x9003],
                        (1, 2, 2) => [0x9204, 0x9208],
                        (1, 10, 0) => [0x9400],
                        _ => [],
                    };
                    ulong area = Node + (zone * ZoneBytes) + AreaAt + (order * AreaBytes);
                    List(memory, kernel, area + (type * 16), frames);
                    foreach (ulong frame in frames)
                    {
                        memory.Write(kernel.StructPage(new(frame)) + PrivateAt, order);
                        memory.Write(new(area + 48), (ulong)frames.Length);
                    }
                }
            }

            memory.Write(new(Node + (zone * ZoneBytes) + PagesetAt), 0x40 + (zone * 0x100));
        }

        for (ulong cpu = 0; cpu < 2; cpu++)
        {
            memory.Write(kernel.PhysicalOf("__per_cpu_offset") + (cpu * 8), direct + Cpus + (cpu * CpuBytes));
            for (ulong zone = 0; zone < 3; zone++)
            {
                ulong[] kept = (cpu, zone) switch
                {
                    (0, 1) => [0x9011, 0x9013],
                    (1, 1) => [0x9015],
                    _ => [],
                };
                ulong its = Cpus + (cpu * CpuBytes) + 0x40 + (zone * 0x100);
                memory.Write(new(its), (ulong)kept.Length << 32);
                for (ulong list = 0; list < 3; list++)
                {
                    List(memory, kernel, its + ListsAt + (list * 16), list == 1 ? kept : []);
                }
            }
        }
    }

    private static void Words(PhysicalMemoryBuilder memory, ulong at, params ReadOnlySpan<ulong> words)
    {
        for (int i = 0; i < words.Length; i++)
        {
            memory.Write(new(at + ((ulong)i * 8)), words[i]);
        }
    }

    private static void List(PhysicalMemoryBuilder memory, BuiltKernel kernel, ulong head, ulong[] frames)
    {
        (ulong Address, PhysicalAddress At)[] ring =
        [
            (kernel.Made.PageOffset + head, new(head)),
            .. frames.Select(frame => (kernel.Made.Vmemmap + (frame * KernelBuilder.StructPageBytes) + LinkAt, kernel.StructPage(new(frame)) + LinkAt)),
        ];
        for (int i = 0; i < ring.Length; i++)
        {
            memory.Write(ring[i].At, ring[(i + 1) % ring.Length].Address);
            memory.Write(ring[i].At + 8, ring[(i + ring.Length - 1) % ring.Length].Address);
        }
    }
}
