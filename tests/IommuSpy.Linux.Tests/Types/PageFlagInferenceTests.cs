using IommuSpy.Linux.Inference;
using IommuSpy.Linux.Inference.Pages;
using IommuSpy.Linux.Tests.Discovery;
using IommuSpy.Linux.Types;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Types;

/// <summary>Flags of pages, from what VMCOREINFO tells of some and from the pages of the kernel's code, whatever options left out.</summary>
public class PageFlagInferenceTests
{
    private const string Old = "NUMBER(PG_lru)=5\nNUMBER(PG_private)=11\nNUMBER(PG_swapcache)=16\nNUMBER(PG_swapbacked)=19\nNUMBER(PG_slab)=7\n"
        + "NUMBER(PG_head_mask)=16384\n";

    // What 6.12 and 7.2 tell alike.
    private const string New = "NUMBER(PG_lru)=5\nNUMBER(PG_private)=14\nNUMBER(PG_swapcache)=10\nNUMBER(PG_swapbacked)=17\nNUMBER(PG_head_mask)=64\n";

    [Fact]
    public void Without_PG_hwpoison_all_others_of_3_16_are_known()
    {
        EnumType flags = Flags(Infer(Old, 1 << 10, "pat_init"))!;
        Assert.Equal(("PG_locked", 0L), (flags.Values[0].Name, flags.Values[0].Value));
        Assert.Contains(new("PG_reserved", 10), flags.Values);
        Assert.Contains(new("PG_tail", 15), flags.Values);
        Assert.Contains(new("PG_mlocked", 21), flags.Values);
        Assert.Contains(new("PG_uncached", 22), flags.Values);
        Assert.DoesNotContain(flags.Values, flag => flag.Name == "PG_hwpoison");
    }

    [Fact]
    public void Without_PAT_there_is_no_PG_uncached_and_what_follows_moves()
    {
        Assert.DoesNotContain(Flags(Infer(Old, 1 << 10))!.Values, flag => flag.Name == "PG_uncached");
        EnumType flags = Flags(Infer(Old + "NUMBER(PG_hwpoison)=22\n", 1 << 10))!;
        Assert.Contains(new("PG_hwpoison", 22), flags.Values);
        Assert.DoesNotContain(flags.Values, flag => flag.Name == "PG_uncached");
    }

    [Fact]
    public void With_PG_hwpoison_the_order_is_known_as_before()
    {
        EnumType flags = Flags(Infer(Old + "NUMBER(PG_hwpoison)=23\n", code: 0))!;
        Assert.Contains(new("PG_uncached", 22), flags.Values);
        Assert.Contains(new("PG_hwpoison", 23), flags.Values);
    }

    [Theory]
    [InlineData(0UL)] // not reserved
    [InlineData((1UL << 10) | (1UL << 7))] // a slab's
    public void Code_that_contradicts_an_order_leaves_what_VMCOREINFO_tells(ulong code)
    {
        InferredTypes types = Infer(Old, code, "pat_init");
        Assert.Null(Flags(types));
        Assert.Equal((5L, 7L, null), (types.FindEnumerator("PG_lru"), types.FindEnumerator("PG_slab"), types.FindEnumerator("PG_reserved")));
    }

    [Fact]
    public void What_releases_that_tell_alike_have_in_different_places_is_left_out()
    {
        EnumType flags = Flags(Infer(New, 1 << 13))!;
        Assert.Contains(new("PG_unevictable", 18), flags.Values);
        Assert.DoesNotContain(flags.Values, flag => flag.Name is "PG_mlocked" or "PG_dropbehind" or "PG_hwpoison");
    }

    private static EnumType? Flags(InferredTypes types) => types.Find("pageflags")?.Resolved as EnumType;

    private static InferredTypes Infer(string numbers, ulong code, params string[] functions)
    {
        KernelBuilder made = new() { MoreNote = "OFFSET(page.flags)=0\nOFFSET(page.lru)=8\n" + numbers, MoreFunctions = functions };
        using BuiltMachine machine = BuiltMachine.Raw(made, (memory, kernel) =>
        {
            for (ulong i = 0; i < 64; i++)
            {
                memory.Write(kernel.StructPage(new(kernel.PhysicalOf("_stext").Frame.Number + i)), code);
            }
        });
        return InferenceSteps.Take(machine.Discover(), [new PageFieldStep()], new FreeBlocks(LinkAt: 8, KeptTypes: 0));
    }
}
