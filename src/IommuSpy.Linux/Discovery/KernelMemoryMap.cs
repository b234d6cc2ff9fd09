using IommuSpy.Linux.Resources;
using IommuSpy.Memory;
using IommuSpy.Translation;

namespace IommuSpy.Linux.Discovery;

/// <summary>Where the kernel says that the machine has memory.</summary>
/// <param name="Firmware">As firmware told it when it booted (boot_params, of x86-64); null where that is not found.</param>
/// <param name="Listed">As it is now, with what was plugged in later (iomem_resource); null where the list cannot be read.</param>
internal sealed record KernelMemoryMap(FirmwareMap? Firmware, IReadOnlyList<PhysicalRange>? Listed)
{
    /// <summary>Reads both.</summary>
    internal static KernelMemoryMap Find(KernelEvidence kernel, AddressSpace space)
    {
        byte[] bootParams = new byte[FirmwareMap.BootParamsBytes];
        FirmwareMap? firmware = kernel.Symbol("boot_params") is { } symbol && kernel.Text.Contains(symbol.Address)
            && kernel.Memory.Read(kernel.Text.ToPhysical(symbol.Address), bootParams) == bootParams.Length
            ? FirmwareMap.Read(bootParams)
            : null;
        ResourceTree? listed = kernel.Symbol("iomem_resource") is { } tree ? ResourceTree.Read(space, tree.Address) : null;
        return new(
            firmware,
            listed?.All.Where(resource => resource.IsMemory).Select(resource => new PhysicalRange(new(resource.Start), resource.Last - resource.Start + 1))
                .ToArray());
    }

    /// <summary>
    /// Whether a layout agrees with it; null where nothing is known. RAM that the layout lacks while it has as much where there is none was put in the wrong
    /// place; one without the other is a file's lost end, or memory that firmware keeps.
    /// </summary>
    internal bool? Agrees(PhysicalMemory layout)
    {
        if ((Listed is { Count: > 0 } ? Listed : Firmware?.Ram) is not { } memory)
        {
            return null;
        }

        ulong ram = memory.Aggregate(0UL, (sum, range) => sum + range.Length);
        ulong held = memory.Aggregate(0UL, (sum, range) => sum + layout.Ranges.Aggregate(0UL, (part, other) => part + Overlap(range, other)));
        ulong tolerated = ram / LinuxKernel.MissingTolerance;
        return ram - held <= tolerated || layout.ByteCount - held <= tolerated;
    }

    private static ulong Overlap(PhysicalRange left, PhysicalRange right)
    {
        ulong first = Math.Max(left.Start.Value, right.Start.Value);
        ulong last = Math.Min(left.Last.Value, right.Last.Value);
        return first <= last ? last - first + 1 : 0;
    }
}
