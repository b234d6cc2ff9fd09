using System.Diagnostics;
using IommuSpy.Linux.Pages;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Pages;

/// <summary>Struct pages that a test wrote: sane ones are read as the kernel reads them, damaged ones stand for themselves.</summary>
public class PageCursorTests
{
    private const ulong Frame = 0x8000;

    [Fact]
    public void A_compound_page_is_known_from_each_of_its_pages()
    {
        using PageMachine machine = PageMachine.Build((memory, kernel) =>
        {
            PageMachine.Write(memory, kernel, Frame, flags: 1 << PageMachine.Head);
            PageMachine.Write(memory, kernel, Frame + 1, flags: 2 | (1 << 9), head: PageMachine.Address(kernel, Frame) + 1);
            PageMachine.Write(memory, kernel, Frame + 2, head: PageMachine.Address(kernel, Frame) + 1);
            PageMachine.Write(memory, kernel, Frame + 3, head: PageMachine.Address(kernel, Frame) + 1);
            PageMachine.Write(memory, kernel, Frame + 4);
        });
        for (ulong i = 0; i < 4; i++)
        {
            PageCursor cursor = Cursor(machine, Frame + i);
            Assert.Equal(new(Frame), cursor.Folio.Head.Frame);
            Assert.Equal(2, cursor.Folio.Order);
            Assert.Equal(i > 0, cursor.IsTail);
            Assert.Equal(i == 0 ? StablePageFlags.CompoundHead : StablePageFlags.CompoundTail,
                cursor.StableFlags & (StablePageFlags.CompoundHead | StablePageFlags.CompoundTail));
        }

        Assert.False(Cursor(machine, Frame + 4).Folio.IsCompound);
    }

    [Theory]
    [InlineData(0x0000_0000_0000_0001UL)] // Nowhere.
    [InlineData(0x0000_7fff_ffff_f001UL)] // User space.
    [InlineData(0xffff_ffff_8100_0001UL)] // The kernel's image.
    [InlineData(0xffff_ea00_0020_0021UL)] // Into the middle of a struct page.
    [InlineData(0xffff_eaff_ffff_ffc1UL)] // Past the array's end.
    [InlineData(0xffff_ea00_0030_0001UL)] // A head behind its tail.
    public void A_tail_whose_head_is_none_stands_for_itself(ulong head)
    {
        using PageMachine machine = PageMachine.Build((memory, kernel) => PageMachine.Write(memory, kernel, Frame, head: head));
        PageCursor cursor = Cursor(machine, Frame);
        Assert.Equal(new(Frame), cursor.Folio.Head.Frame);
        Assert.False(cursor.IsTail);
    }

    [Fact]
    public void An_order_that_is_none_is_order_0()
    {
        using PageMachine machine = PageMachine.Build((memory, kernel) =>
        {
            PageMachine.Write(memory, kernel, Frame, flags: 1 << PageMachine.Head);
            PageMachine.Write(memory, kernel, Frame + 1, flags: 0xff, head: PageMachine.Address(kernel, Frame) + 1);
            PageMachine.Write(memory, kernel, Frame + 0x100, type: PageMachine.Buddy, references: 0, order: ulong.MaxValue);
            PageMachine.Write(memory, kernel, Frame + 0x101, references: 0);
        });
        Assert.Equal(0, Cursor(machine, Frame).Folio.Order);
        Assert.True(Cursor(machine, Frame + 0x100).IsFree);
        Assert.False(Cursor(machine, Frame + 0x101).IsFree);
    }

    [Fact]
    public void Every_page_of_a_free_block_is_free_and_no_other()
    {
        using PageMachine machine = PageMachine.Build((memory, kernel) =>
        {
            PageMachine.Write(memory, kernel, Frame, type: PageMachine.Buddy, references: 0, order: 3);
            for (ulong i = 1; i < 10; i++)
            {
                PageMachine.Write(memory, kernel, Frame + i, references: 0);
            }
        });
        for (ulong i = 0; i < 10; i++)
        {
            Assert.Equal(i < 8, Cursor(machine, Frame + i).IsFree);
        }
    }

    /// <summary>Whatever stands in struct pages, a pass ends, in time, and a page that is looked at by itself says the same.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Garbage_is_survived(int seed)
    {
        const ulong Garbage = 4096;
        using PageMachine machine = PageMachine.Build((memory, kernel) =>
        {
            Random random = new(seed);
            ulong[] words = [0, 1, ulong.MaxValue, 1 << PageMachine.Head, PageMachine.Buddy, 10, 255];
            for (ulong i = 0; i < Garbage; i++)
            {
                ulong pick() => random.Next(4) switch
                {
                    0 => (ulong)random.NextInt64(),
                    1 => PageMachine.Address(kernel, Frame + (ulong)random.Next((int)Garbage)) + (ulong)random.Next(2),
                    _ => words[random.Next(words.Length)],
                };
                uint[] types = [PageMachine.Buddy, PageMachine.Slab, PageMachine.NoMapping, 0, (uint)random.Next()];
                PageMachine.Write(memory, kernel, Frame + i, pick(), pick(), pick(), pick(), pick(), types[random.Next(types.Length)], random.Next(2));
            }
        });
        MemoryPages pages = machine.Pages;
        Stopwatch watch = Stopwatch.StartNew();
        PageCursor pass = new(pages, new byte[4096]);
        for (ulong i = 0; i < Garbage; i++)
        {
            Assert.True(pass.MoveTo(new(Frame + i)));
            PageCursor single = new(pages, new byte[64]);
            Assert.True(single.MoveTo(new(Frame + i)));
            Assert.Equal(single.StableFlags, pass.StableFlags);
            Assert.Equal(single.MapCount, pass.MapCount);
        }

        Assert.True(watch.Elapsed < TimeSpan.FromMinutes(1), $"{watch.Elapsed}");
    }

    private static PageCursor Cursor(PageMachine machine, ulong frame)
    {
        PageCursor cursor = new(machine.Pages, new byte[KernelBuilder.StructPageBytes]);
        Assert.True(cursor.MoveTo(new(frame)));
        return cursor;
    }
}
