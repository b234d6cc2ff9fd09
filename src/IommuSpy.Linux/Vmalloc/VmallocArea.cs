using System.Globalization;
using System.Text;
using IommuSpy.Memory;

namespace IommuSpy.Linux.Vmalloc;

/// <summary>A piece of vmalloc space (struct vmap_area, and struct vm_struct where there is one). Null is a stated absence.</summary>
/// <param name="Start">First address.</param>
/// <param name="Length">Bytes, the guard page among them.</param>
/// <param name="Use">What it is for.</param>
/// <param name="Caller">Who asked for it: a return address.</param>
/// <param name="Pages">How many pages the kernel keeps for it; of an ioremap none.</param>
/// <param name="Physical">Of an ioremap, where it leads.</param>
/// <param name="Flags">The kernel's VM_* bits.</param>
/// <param name="PageArray">Where the kernel keeps pointers to the struct pages of its pages.</param>
public sealed record VmallocArea(VirtualAddress Start, ulong Length, VmallocUse Use, VirtualAddress? Caller, uint? Pages, PhysicalAddress? Physical,
    ulong Flags, VirtualAddress? PageArray)
{
    private const ulong UserFlag = 0x8;
    private const ulong NoGuardFlag = 0x40;

    /// <summary>Whether an address falls into it.</summary>
    public bool Contains(VirtualAddress address) => address - Start < Length;

    /// <summary>Whether it ends with a page that is never mapped, so that running over the end faults.</summary>
    public bool HasGuardPage => Use is not (VmallocUse.RamMap or VmallocUse.Unpurged) && (Flags & NoGuardFlag) == 0;

    /// <summary>Bytes without the guard page.</summary>
    public ulong UsableLength => HasGuardPage && Length > PageFrame.Size ? Length - PageFrame.Size : Length;

    /// <summary>The line of /proc/vmallocinfo, with true addresses and without the count of pages of each NUMA node.</summary>
    /// <param name="symbol">What the kernel's %pS makes of the caller.</param>
    /// <param name="pageArrayIsVmalloc">Whether the array of its pages is in vmalloc space itself.</param>
    public string ToProcLine(string? symbol, bool pageArrayIsVmalloc)
    {
        StringBuilder line = new();
        line.Append(CultureInfo.InvariantCulture, $"{Start}-{Start + Length} {Length,7}");
        if (Use == VmallocUse.Unpurged)
        {
            return line.Append(" unpurged vm_area").ToString();
        }

        if (Use == VmallocUse.RamMap)
        {
            return line.Append(" vm_map_ram").ToString();
        }

        line.Append(symbol is null ? "" : " " + symbol);
        line.Append(Pages is > 0 and uint pages ? string.Create(CultureInfo.InvariantCulture, $" pages={pages}") : "");
        line.Append(Physical is PhysicalAddress physical ? $" phys={physical}" : "");
        line.Append(Use switch
        {
            VmallocUse.IoRemap => " ioremap",
            VmallocUse.Vmalloc => " vmalloc",
            VmallocUse.Vmap => " vmap",
            VmallocUse.DmaCoherent => " dma-coherent",
            _ => "",
        });
        line.Append((Flags & UserFlag) != 0 ? " user" : "");
        return line.Append(pageArrayIsVmalloc ? " vpages" : "").ToString();
    }
}
