using System.Buffers.Binary;
using IommuSpy.Memory;
using IommuSpy.Testing.Kernel;

namespace IommuSpy.Linux.Tests.Discovery;

/// <summary>Raw memory whose place the kernel in it tells: by firmware's map, and by its own list of what stands where.</summary>
public class PlacedMemoryTests
{
    private const ulong MiB = 1UL << 20;
    private const ulong FourGiB = 1UL << 32;
    private const ulong ModuleAt = 0x1_4000_0000;
    private const ulong LowBytes = 160 * MiB;
    private const ulong HighBytes = 64 * MiB;
    private const ulong ModuleBytes = 32 * MiB;
    private static readonly PhysicalRange[] Boot = [new(new(0), LowBytes), new(new(FourGiB), HighBytes)];

    [Fact]
    public void A_hole_at_no_common_place_is_where_firmwares_map_has_it()
    {
        using BuiltMachine machine = BuiltMachine.Raw(Made(Boot), (memory, kernel) => Tell(memory, kernel, Boot));
        LinuxKernel found = machine.Discover();
        DiscoveryAssert.Whole(machine.Kernel, found);
        Assert.Equal(Boot, found.Memory.Ranges);
    }

    [Fact]
    public void A_module_behind_the_nodes_is_placed_by_the_kernels_own_list()
    {
        PhysicalRange[] all = [.. Boot, new(new(ModuleAt), ModuleBytes)];
        using BuiltMachine machine = BuiltMachine.Raw(Made(all), (memory, kernel) => Tell(memory, kernel, all));
        LinuxKernel found = machine.Discover();
        Assert.Equal(all, found.Memory.Ranges);
        Assert.Empty(found.Layout.Unplaced);
        Assert.Equal(machine.Kernel.Root, found.Facts.RootTable.Value);
        Assert.Equal(0UL, found.MissingBytes);
    }

    [Fact]
    public void A_list_that_does_not_lead_back_places_nothing()
    {
        PhysicalRange[] all = [.. Boot, new(new(ModuleAt), ModuleBytes)];
        using BuiltMachine machine = BuiltMachine.Raw(Made(all), (memory, kernel) =>
        {
            Tell(memory, kernel, all);
            memory.Write(kernel.PhysicalOf("resources") + (2 * 64) + 40, 0xffff_8880_0000_0000);
        });
        Assert.Equal([$"the last 32 MiB of {Path.GetFileName(machine.Image.Path)}"], machine.Discover().Layout.Unplaced);
    }

    [Theory]
    [InlineData(128)]
    [InlineData(144)]
    public void A_hole_that_the_user_puts_in_the_wrong_place_is_refused_with_what_the_map_says(ulong split)
    {
        using BuiltMachine machine = BuiltMachine.Raw(Made(Boot), (memory, kernel) => Tell(memory, kernel, Boot), new(RamSplit: split * MiB));
        LinuxDiscoveryException refusal = Assert.Throws<LinuxDiscoveryException>(() => machine.Discover());
        Assert.Contains("160 MiB from 0, 64 MiB from 0x100000000", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("--ram-split", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_has_lost_its_end_is_not_one_in_the_wrong_place()
    {
        PhysicalRange[] there = [Boot[0], new(new(FourGiB), 16 * MiB)];
        PhysicalMemoryBuilder memory = new PhysicalMemoryBuilder().AddRam(there[0].Start, there[0].Length).AddRam(there[1].Start, there[1].Length);
        BuiltKernel kernel = Made(Boot).Build(memory);
        Tell(memory, kernel, Boot);
        using TemporaryFile file = memory.WriteRaw();
        using MemoryImage image = MemoryImage.Open(file.Path, new(RamSplit: LowBytes));
        LinuxKernel found = LinuxKernel.Discover(image);
        Assert.True(found.IsPartial);
        Assert.Equal(there, found.Memory.Ranges);
    }

    // The kernel stands low, where every layout finds it.
    private static KernelBuilder Made(PhysicalRange[] ram) => new()
    {
        Ram = ram,
        MoreVariables = [("iomem_resource", 64), ("resources", 64UL * 16), ("resource_name", 16), ("map_end", 4096)],
    };

    // boot_params and struct resource as they are since 4.6; firmware knows of what stands below the module's place.
    private static void Tell(PhysicalMemoryBuilder memory, BuiltKernel kernel, PhysicalRange[] ram)
    {
        PhysicalAddress bootParams = kernel.PhysicalOf("boot_params");
        PhysicalRange[] known = [.. ram.Where(range => range.Start.Value < ModuleAt)];
        memory.Write(bootParams + 0x1e8, [(byte)known.Length]);
        memory.Write(bootParams + 0x1fe, [0x55, 0xaa]);
        for (int i = 0; i < known.Length; i++)
        {
            byte[] entry = new byte[20];
            BinaryPrimitives.WriteUInt64LittleEndian(entry, known[i].Start.Value);
            BinaryPrimitives.WriteUInt64LittleEndian(entry.AsSpan(8), known[i].Length);
            entry[16] = 1;
            memory.Write(bootParams + 0x2d0 + (20 * (ulong)i), entry);
        }

        ulong root = kernel.Places["iomem_resource"].Value;
        ulong first = kernel.Places["resources"].Value;
        PhysicalAddress resources = kernel.PhysicalOf("resources");
        memory.Write(kernel.PhysicalOf("iomem_resource") + 8, ulong.MaxValue);
        memory.Write(kernel.PhysicalOf("iomem_resource") + 56, first);
        memory.Write(kernel.PhysicalOf("resource_name"), "System RAM\0"u8);
        for (int i = 0; i < ram.Length; i++)
        {
            PhysicalAddress at = resources + (64 * (ulong)i);
            memory.Write(at, ram[i].Start.Value);
            memory.Write(at + 8, ram[i].Last.Value);
            memory.Write(at + 16, kernel.Places["resource_name"].Value);
            memory.Write(at + 40, root);
            memory.Write(at + 48, i + 1 < ram.Length ? first + (64 * ((ulong)i + 1)) : 0);
        }
    }
}
