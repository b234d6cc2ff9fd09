using IommuSpy.Lab.Kernels;
using IommuSpy.Lab.Machines;

namespace IommuSpy.Lab;

/// <summary>What to boot and how: everything that a test chooses about a capture.</summary>
public sealed record CaptureSpec
{
    /// <summary>The smallest guest in which the workload fits beside the kernel.</summary>
    public static readonly MemorySize SmallestMemory = MemorySize.Mebibytes(384);

    /// <summary>
    /// A Debian kernel series with an optional flavour: "6.1", "6.12", "5.10", "6.1-cloud", "6.1-rt"; one of another
    /// architecture with its name behind, "6.1-arm64"; or "files:" and a directory with any kernel's files.
    /// </summary>
    public required string Kernel { get; init; }

    public IommuModel Iommu { get; init; } = IommuModel.Intel;

    /// <summary>Levels of the CPU's page tables, 4 or 5: as many as the kernel makes of a CPU that could have 5.</summary>
    public int PagingLevels { get; init; } = 4;

    public MemorySize Memory { get; init; } = MemorySize.Mebibytes(512);

    /// <summary>Whether the machine has the device through which the kernel hands its VMCOREINFO note to QEMU.</summary>
    public bool Vmcoreinfo { get; init; } = true;

    /// <summary>More kernel arguments, such as "nokaslr" or "iommu=pt".</summary>
    public string Append { get; init; } = "";

    /// <summary>QEMU's model of the CPU; empty for the one that fits the rest.</summary>
    public string Cpu { get; init; } = "";

    /// <summary>Whether the IOMMU can remap interrupts.</summary>
    public bool InterruptRemapping { get; init; } = true;

    /// <summary>Whether a process of the guest gives some of its memory to a device (VFIO), which reads and writes it.</summary>
    public bool UserMapping { get; init; }

    /// <summary>Whether the guest is a host itself, of virtual machines whose memory the lab knows (kvm-amd, by emulation of nested paging).</summary>
    public bool VirtualMachines { get; init; }

    /// <summary>More devices, each as QEMU's -device takes it: "pcie-pci-bridge,id=bridge".</summary>
    public ValueList<string> Devices { get; init; } = ValueList<string>.Empty;

    /// <summary>More properties of QEMU's machine, as its -machine takes them: "max-ram-below-4g=512M".</summary>
    public string MachineProperties { get; init; } = "";

    /// <summary>The NUMA nodes that the memory is divided into, each a block of its own; empty for one block.</summary>
    public ValueList<MemorySize> Nodes { get; init; } = ValueList<MemorySize>.Empty;

    /// <summary>Memory modules beyond the memory, which firmware does not name and the kernel adds by ACPI; each a block of its own.</summary>
    public ValueList<MemorySize> Dimms { get; init; } = ValueList<MemorySize>.Empty;

    /// <summary>Images that are taken beside the usual ones, of those that <see cref="Capture"/> names: "dump.paging.elf", "state.qemu".</summary>
    public ValueList<string> MoreImages { get; init; } = ValueList<string>.Empty;

    /// <summary>The files that hold the guest's memory while it runs, in the order in which its addresses go.</summary>
    public IReadOnlyList<(string File, MemorySize Size)> MemoryFiles =>
    [
        .. Nodes.Count == 0 ? [("ram.raw", Memory)] : Nodes.Select((size, i) => ($"node{i}.raw", size)),
        .. Dimms.Select((size, i) => ($"dimm{i}.raw", size)),
    ];

    internal GuestArchitecture Architecture => KernelName.Parse(Kernel).Architecture;

    /// <summary>A file name that tells captures apart for people; a hash of the inputs is added to it.</summary>
    public string Name
    {
        get
        {
            string[] parts =
            [
                $"{KernelName.Parse(Kernel)}-{Iommu.ToOptionText()}-{PagingLevels}level-{Memory}", Vmcoreinfo ? "" : "novmcoreinfo",
                InterruptRemapping ? "" : "nointremap",
                UserMapping ? "vfio" : "", VirtualMachines ? "vms" : "", Cpu, .. Devices.Select(device => device.Split(',')[0]),
                MachineProperties, Nodes.Count > 0 ? $"nodes-{Nodes}" : "", Dimms.Count > 0 ? $"dimms-{Dimms}" : "", .. MoreImages, Append,
            ];
            return string.Join('-',
                parts.Where(part => part.Length > 0)
                    .Select(part => string.Concat(part.Select(c => char.IsAsciiLetterOrDigit(c) || c is '=' or '-' or '.' ? c : '_'))));
        }
    }

    /// <summary>Throws <see cref="LabException"/> when no machine can be made from this.</summary>
    public void Validate()
    {
        if (PagingLevels is not (4 or 5))
        {
            throw new LabException("paging is 4 or 5 levels");
        }

        if (Memory.Bytes < SmallestMemory.Bytes)
        {
            throw new LabException($"a guest needs at least {SmallestMemory} of memory for its workload");
        }

        if (Nodes.Count > 0 && Nodes.Sum(node => node.Bytes) != Memory.Bytes)
        {
            throw new LabException($"the nodes {Nodes} do not add up to the memory, {Memory}");
        }

        if (MoreImages.FirstOrDefault(image => !Capture.ImagesOnDemand.Contains(image, StringComparer.Ordinal)) is string unknown)
        {
            throw new LabException($"'{unknown}' is no image that can be taken: use {string.Join(" or ", Capture.ImagesOnDemand)}");
        }

        if (UserMapping && Iommu == IommuModel.None)
        {
            throw new LabException("a process can give memory to a device only behind an IOMMU");
        }

        if (VirtualMachines && Architecture != GuestArchitecture.X64)
        {
            throw new LabException("only an x86-64 guest is a host of virtual machines");
        }

        if (Iommu.Of() is { } board && board != Architecture)
        {
            throw new LabException($"a machine of {Architecture.Debian} has no {Iommu.ToOptionText()} IOMMU");
        }

        if (Append.AsSpan().ContainsAny('\n', '\r', '\0'))
        {
            throw new LabException("kernel arguments are one line");
        }
    }
}
