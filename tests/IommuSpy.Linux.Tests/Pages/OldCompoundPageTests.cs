using IommuSpy.Linux.Objects;
using IommuSpy.Linux.Pages;
using IommuSpy.Linux.Tests.Discovery;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Pages;

/// <summary>
/// Compound pages as 3.16 has them: tails that are flagged and name their head as it is, and in the first one's list_head the function that frees the page and
/// the order.
/// </summary>
public class OldCompoundPageTests
{
    private const ulong Frame = 0x8000;
    private const ulong Order = 9;
    private const ulong HeadFlag = 1 << 14;
    private const ulong TailFlag = 1 << 15;
    private const ulong Anonymous = 1;
    private static readonly string[] Destructors = ["free_huge_page", "free_compound_page"];

    [Theory]
    [InlineData(1)]
    [InlineData(0)] // in the pool
    public void Pages_of_hugetlbfs_are_known_by_the_function_that_frees_them(int references)
    {
        using BuiltMachine machine = Build(Destructors, "free_huge_page", references, mapping: 0);
        foreach (ulong page in (ulong[])[0, 1, 17, 511])
        {
            PageCursor cursor = Cursor(machine, Frame + page);
            Assert.Equal((true, (int)Order, new PageFrame(Frame)), (cursor.Folio.IsHugetlb, cursor.Folio.Order, cursor.Folio.Head.Frame));
            Assert.Equal(StablePageFlags.Huge, cursor.StableFlags & (StablePageFlags.Huge | StablePageFlags.Thp));
        }

        Assert.False(Cursor(machine, Frame + 512).Folio.IsCompound);
    }

    [Fact]
    public void What_another_function_frees_is_none()
    {
        using BuiltMachine machine = Build(Destructors, "free_compound_page", 1, Anonymous);
        PageCursor cursor = Cursor(machine, Frame + 3);
        Assert.Equal((false, (int)Order), (cursor.Folio.IsHugetlb, cursor.Folio.Order));
        Assert.Equal(StablePageFlags.None, cursor.StableFlags & StablePageFlags.Huge);
    }

    [Fact]
    public void VMCOREINFO_names_the_function_where_no_symbol_does()
    {
        using BuiltMachine machine = Build(["free_compound_page"], "_stext", 1, mapping: 0, "SYMBOL(free_huge_page)=ffffffff81000000\n");
        Assert.True(Cursor(machine, Frame).Folio.IsHugetlb);
    }

    private static PageCursor Cursor(BuiltMachine machine, ulong frame)
    {
        MemoryPages pages = MemoryPages.Of(new KernelObjects(machine.Discover(), Types()));
        PageCursor cursor = new(pages, new byte[4096]);
        Assert.True(cursor.MoveTo(new(frame)));
        return cursor;
    }

    private static BuiltMachine Build(string[] functions, string destructor, int references, ulong mapping, string note = "")
    {
        KernelBuilder made = KernelBuilder.Linux316() with
        {
            MoreNote = note,
            MoreFunctions = functions,
            MoreVariables = [("transparent_hugepage_flags", 8)],
        };
        return BuiltMachine.Raw(made, (memory, kernel) =>
        {
            ulong head = kernel.Made.Vmemmap + (Frame * KernelBuilder.StructPageBytes);
            for (ulong i = 0; i < 1UL << (int)Order; i++)
            {
                PhysicalAddress page = kernel.StructPage(new(Frame + i));
                memory.Write(page, i == 0 ? HeadFlag : TailFlag);
                memory.Write(page + 8, i == 0 ? mapping : 0);
                memory.Write(page + 24, uint.MaxValue | ((ulong)(i == 0 ? references : 0) << 32));
                memory.Write(page + 48, i == 0 ? 0 : head);
            }

            memory.Write(kernel.StructPage(new(Frame + 1)) + 32, kernel.Symbols.Single(symbol => symbol.Name == destructor).Address.Value);
            memory.Write(kernel.StructPage(new(Frame + 1)) + 40, Order);
        });
    }

    private static BuiltTypes Types() => new BuiltTypes()
        .Struct(
            "page", KernelBuilder.StructPageBytes,
            ("flags", 0, BuiltTypes.Word), ("mapping", 8, BuiltTypes.Word), ("index", 16, BuiltTypes.Word), ("_mapcount", 24, BuiltTypes.Int),
            ("_count", 28, BuiltTypes.Int), ("lru", 32, BuiltTypes.List), ("private", 48, BuiltTypes.Word), ("first_page", 48, BuiltTypes.Word))
        .Enum("pageflags", ("PG_locked", 0), ("PG_lru", 5), ("PG_slab", 7), ("PG_reserved", 10), ("PG_head", 14), ("PG_tail", 15));
}
