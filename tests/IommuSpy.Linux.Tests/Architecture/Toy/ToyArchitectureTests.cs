using IommuSpy.Linux.Architecture;
using IommuSpy.Linux.Discovery;
using IommuSpy.Linux.Layout;
using IommuSpy.Linux.Paging;
using IommuSpy.Linux.Roots;
using IommuSpy.Linux.Tests.Discovery;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Tests.Architecture.Toy;

/// <summary>
/// The seam holds: an architecture with pages of 16 KiB, three levels and RAM that does not begin at 0 is found and read, and nothing outside its folder knows
/// it.
/// </summary>
public sealed class ToyArchitectureTests : IDisposable
{
    private static readonly IReadOnlyList<CpuArchitecture> Both = [.. CpuArchitecture.All, new ToyArchitecture()];
    private readonly ToyMachine _machine = new();
    private readonly LinuxKernel _kernel;

    public ToyArchitectureTests() => _kernel = LinuxKernel.Discover(_machine.Image, Both);

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void The_kernel_is_found_among_those_of_all_architectures_with_its_facts()
    {
        KernelFacts facts = _kernel.Facts;
        Assert.Equal(("toy", "6.6.0-toy", ToyMachine.Banner, 3),
            (_kernel.Architecture.Name, facts.Release.Value, facts.Banner.Value, facts.PagingLevels.Value));
        Assert.Equal(new PhysicalAddress(_machine.Root), facts.RootTable.Value);
        Assert.Equal(
            (new VirtualAddress(ToyArchitecture.ImageStart + 0x20_0000), new PhysicalAddress(ToyMachine.ImageAt), ToyMachine.ImageBytes),
            (_kernel.Text.Start, _kernel.Text.Physical, _kernel.Text.Length));
        Assert.Equal(new VirtualAddress(ToyMachine.DirectMap - ToyMachine.Ram), facts.PageOffsetBase?.Value);
        Assert.Equal(new VirtualAddress(ToyMachine.Vmalloc), facts.VmallocBase?.Value);
        Assert.Equal(new VirtualAddress(ToyMachine.Vmemmap), facts.VmemmapBase?.Value);
        Assert.Equal((ToyMachine.RamBytes, 0UL), (_kernel.DirectMapBytes, _kernel.MissingBytes));
    }

    /// <summary>arm64's array has nothing for the frames below RAM: where frame 0's struct page would be is no place that the kernel keeps for it.</summary>
    [Fact]
    public void An_array_that_begins_with_the_first_frame_of_RAM_is_found_too()
    {
        using ToyMachine machine = new(ToyMachine.Vmemmap);
        Assert.Equal(
            new VirtualAddress(ToyMachine.Vmemmap - (ToyMachine.Ram >> ToyFormat.PageShift) * 64),
            LinuxKernel.Discover(machine.Image, Both).Facts.VmemmapBase?.Value);
    }

    [Fact]
    public void Addresses_translate_with_every_step_named_by_the_format()
    {
        AddressTranslation translation = _kernel.SpaceOf(new(_machine.Process)).Translate(new(ToyMachine.UserAddress + 0x2345));
        Assert.Equal(new PhysicalAddress(_machine.User + 0x2345), translation.Physical);
        Assert.Equal((0x4000UL, AccessRights.Read | AccessRights.Write | AccessRights.User), (translation.PageSize, translation.Rights));
        Assert.Equal(["T3", "T2", "T1"], translation.Steps.Select(step => _kernel.Mode.Format.LevelName(step.Level)));

        Assert.Equal(ToyMachine.Banner[..5], ReadText(new VirtualAddress(ToyMachine.DirectMap + (ToyMachine.ImageAt - ToyMachine.Ram) + 0x3000), 5));
        Assert.False(_kernel.Space.IsCanonical(new(0x8000_0000_0000)));
        Assert.Equal(0x3fff_ffff_ffffUL, _kernel.Space.LastUserAddress.Value);
    }

    [Fact]
    public void Entries_of_user_space_are_walked_and_counted_in_its_pages()
    {
        EntryCount entries = new([]);
        AddressSpace space = _kernel.SpaceOf(new(_machine.Process));
        EntryWalk.Visit(_kernel.Memory, space, new(ToyMachine.UserAddress), new(ToyMachine.UserAddress + 0x1_0000), ref entries);
        Assert.Equal([(ToyMachine.UserAddress, 1UL, true), (ToyMachine.UserAddress + 0x4000, 1, false), (ToyMachine.UserAddress + 0x8000, 1, false),
            (ToyMachine.UserAddress + 0xc000, 1, false)], entries.Found);

        RootTable[] roots = [.. RootTables.FindAll(_kernel)];
        Assert.Equal([(_machine.Root, 0UL), (_machine.Process, 0x4000UL)], roots.Select(root => (root.Address.Value, root.UserBytes)));
    }

    [Fact]
    public void The_map_of_virtual_memory_is_its_own()
    {
        KernelLayout layout = KernelLayout.Of(_kernel);
        Assert.Equal(RegionKind.KernelText, layout.RegionOf(_kernel.Text.Start).Kind);
        Assert.Equal(RegionKind.UserSpace, layout.RegionOf(new(ToyMachine.UserAddress)).Kind);
    }

    [Fact]
    public void A_kernel_of_x86_64_is_found_beside_it_in_either_order()
    {
        using BuiltMachine machine = BuiltMachine.Raw(new());
        DiscoveryAssert.Facts(machine.Kernel, LinuxKernel.Discover(machine.Image, Both));
        DiscoveryAssert.Facts(machine.Kernel, LinuxKernel.Discover(machine.Image, [.. Both.Reverse()]));
    }

    /// <summary>What the file says of its machine goes before any search.</summary>
    [Fact]
    public void Memory_that_the_file_says_is_of_another_machine_is_refused_by_its_name()
    {
        byte[] file = new ElfCoreBuilder().AddLoad(0, new byte[0x4000]).Build();
        (file[18], file[19]) = (243, 0); // EM_RISCV
        using TemporaryFile core = TemporaryFile.With(file);
        using MemoryImage image = MemoryImage.Open(core.Path);
        LinuxDiscoveryException refusal = Assert.Throws<LinuxDiscoveryException>(() => LinuxKernel.Discover(image));
        Assert.Contains("another machine, ELF machine 243", refusal.Message, StringComparison.Ordinal);
    }

    private string ReadText(VirtualAddress address, int length)
    {
        byte[] bytes = new byte[length];
        Assert.Equal(length, _kernel.Space.Read(address, bytes));
        return System.Text.Encoding.ASCII.GetString(bytes);
    }

    private readonly struct EntryCount(List<(ulong, ulong, bool)> found) : IEntryVisitor
    {
        public List<(ulong First, ulong Pages, bool Present)> Found => found;

        public void Entry(VirtualAddress first, ulong pages, int level, PhysicalAddress table, ulong entry) => found.Add((first.Value, pages, entry != 0));
    }
}
