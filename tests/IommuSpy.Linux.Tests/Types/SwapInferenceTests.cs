using IommuSpy.Linux.Inference;
using IommuSpy.Linux.Inference.Files;
using IommuSpy.Linux.Inference.Pages;
using IommuSpy.Linux.Tests.Discovery;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Types;

/// <summary>Two swap devices, laid out as of 5.14 or with the word of used pages of 6.13.</summary>
public class SwapInferenceTests
{
    private const ulong First = 200UL << 20;
    private const ulong Bytes = 0x1000;
    private const ulong Files = First + 0x10000;
    private const int FlagsAt = 16;
    private const int ListAt = 32;
    private const int NumberAt = 80;
    private const int UsedAt = 128;
    private const int FileAt = 168;
    private const ulong OffList = 1UL << 62;

    private static readonly ulong[] Pages = [1000, 5000];
    private static readonly ulong[] Used = [10, 0];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Devices_are_found(bool word)
    {
        InferredTypes types = Infer(word);
        Assert.Empty(types.Refusals);
        Assert.Equal(
            [
                "swap_info_struct.flags 16 unsigned long", "swap_info_struct.prio 24 short", "swap_info_struct.list 32 plist_node",
                word ? "swap_info_struct.pages 120 unsigned int" : "swap_info_struct.pages 124 unsigned int",
                word ? "swap_info_struct.inuse_pages 128 long" : "swap_info_struct.inuse_pages 128 unsigned int", "swap_info_struct.type 80 signed char",
                "swap_info_struct.max 84 unsigned int",
                "swap_info_struct.swap_file 168 ",
            ],
            types.Evidence.Select(field => $"{field.Structure}.{field.Name} {field.Offset} {types.FindField(field.Structure, field.Name)!.Type.Name}"));
    }

    [Theory]
    [InlineData(FlagsAt, 0UL)] // in use by nobody
    [InlineData(24, 0x7fffUL)] // a priority that the link contradicts
    [InlineData(ListAt + 24, 0UL)] // a link that leads nowhere
    public void Devices_that_contradict_the_list_are_refused(int at, ulong value)
    {
        InferredTypes types = Infer(false, (memory, _) => memory.Write(new(First + (ulong)at), value));
        Assert.Empty(types.Evidence);
        Assert.Contains(types.Refusals, refusal => refusal is { Structure: "swap_info_struct", Name: "flags" });
    }

    [Theory]
    [InlineData("total_swap_pages", 5999UL)]
    [InlineData("nr_swap_pages", 5989UL)]
    [InlineData("nr_swap_pages", 6001UL)]
    public void Numbers_that_are_not_the_kernels_are_refused(string symbol, ulong value)
    {
        InferredTypes types = Infer(false, (memory, kernel) => memory.Write(kernel.PhysicalOf(symbol), value));
        Assert.NotNull(types.FindField("swap_info_struct", "prio"));
        Assert.Null(types.FindField("swap_info_struct", "pages"));
        Assert.Contains(types.Refusals, refusal => refusal is { Structure: "swap_info_struct", Name: "pages" });
    }

    [Fact]
    public void Where_nothing_is_swapped_out_a_hole_is_not_told_from_the_number()
    {
        InferredTypes types = Infer(true, (memory, kernel) =>
        {
            memory.Write(kernel.PhysicalOf("nr_swap_pages"), Pages[0] + Pages[1]);
            memory.Write(new(First + UsedAt), OffList);
        });
        Assert.Equal(120UL, types.FindField("swap_info_struct", "pages")!.Offset);
        Assert.Null(types.FindField("swap_info_struct", "inuse_pages"));
        Assert.NotNull(types.FindField("swap_info_struct", "swap_file"));
    }

    [Fact]
    public void A_file_that_is_a_directory_is_refused()
    {
        InferredTypes types = Infer(false, (memory, _) => memory.Write(new(Files + 0x300), 0x41edUL));
        Assert.Null(types.FindField("swap_info_struct", "swap_file"));
        Assert.NotNull(types.FindField("swap_info_struct", "pages"));
    }

    private static InferredTypes Infer(bool word, Action<PhysicalMemoryBuilder, BuiltKernel>? spoil = null)
    {
        KernelBuilder made = new() { MoreVariables = [("swap_active_head", 16), ("total_swap_pages", 8), ("nr_swap_pages", 8)] };
        using BuiltMachine machine = BuiltMachine.Raw(made, (memory, kernel) =>
        {
            Build(memory, kernel, word);
            spoil?.Invoke(memory, kernel);
        });
        MappedFiles files = new([], [], [], OfAreaAt: 0, PathAt: 0x40, InodeAt: 0x20, EntryInodeAt: 0x30, ParentAt: 0);
        return InferenceSteps.Take(machine.Discover(), [new SwapStep()], files, new InodeModes(0));
    }

    private static void Build(PhysicalMemoryBuilder memory, BuiltKernel kernel, bool word)
    {
        ulong direct = kernel.Made.PageOffset;
        memory.Write(kernel.PhysicalOf("total_swap_pages"), Pages[0] + Pages[1]);
        memory.Write(kernel.PhysicalOf("nr_swap_pages"), Pages[0] + Pages[1] - Used[0] - Used[1]);
        (ulong Address, Memory.PhysicalAddress At)[] ring =
        [
            (kernel.Places["swap_active_head"].Value, kernel.PhysicalOf("swap_active_head")),
            .. Enumerable.Range(0, 2)
                .Select(i => (direct + First + ((ulong)i * Bytes) + ListAt + 24, new Memory.PhysicalAddress(First + ((ulong)i * Bytes) + ListAt + 24))),
        ];
        for (int i = 0; i < ring.Length; i++)
        {
            memory.Write(ring[i].At, ring[(i + 1) % ring.Length].Address);
            memory.Write(ring[i].At + 8, ring[(i + ring.Length - 1) % ring.Length].Address);
        }

        for (ulong i = 0; i < 2; i++)
        {
            ulong at = First + (i * Bytes);
            ulong file = Files + (i * Bytes);
            memory.Write(kernel.PhysicalOf("swap_info") + (i * 8), direct + at);
            memory.Write(new(at + FlagsAt), 0x13UL);
            memory.Write(new(at + FlagsAt + 8), 0xfffe - i);
            memory.Write(new(at + ListAt), 2 + i);
            memory.Write(new(at + NumberAt), i | ((Pages[i] + 1) << 32));
            memory.Write(new(at + UsedAt - 8), word ? Pages[i] : 77 | (Pages[i] << 32));
            memory.Write(new(at + UsedAt), word ? Used[i] | OffList : Used[i] | (99UL << 32));
            memory.Write(new(at + FileAt), direct + file);
            memory.Write(new(file + 0x20), direct + file + 0x300);
            memory.Write(new(file + 0x48), direct + file + 0x200);
            memory.Write(new(file + 0x230), direct + file + 0x300);
            memory.Write(new(file + 0x300), i == 0 ? 0x61b0UL : 0x8180UL);
        }
    }
}
