namespace IommuSpy.Lab.Recording;

/// <summary>A <see cref="CaptureSpec"/> as capture.json writes it, in the words of the command line.</summary>
internal sealed record CaptureRecordOptions(
    string Kernel, string Iommu, int Paging, string Memory, bool Vmcoreinfo, bool InterruptRemapping, bool UserMapping, bool VirtualMachines,
    string? Cpu,
    IReadOnlyList<string>? Devices,
    string Append,
    string? MachineProperties, IReadOnlyList<string>? Nodes, IReadOnlyList<string>? Dimms, IReadOnlyList<string>? MoreImages)
{
    public static CaptureRecordOptions From(CaptureSpec spec) =>
        new(
            spec.Kernel, spec.Iommu.ToOptionText(), spec.PagingLevels, spec.Memory.ToString(), spec.Vmcoreinfo, spec.InterruptRemapping, spec.UserMapping,
            spec.VirtualMachines, spec.Cpu, [.. spec.Devices],
            spec.Append, spec.MachineProperties, [.. spec.Nodes.Select(size => $"{size}")], [.. spec.Dimms.Select(size => $"{size}")], [.. spec.MoreImages]);

    public CaptureSpec ToSpec() => new()
    {
        Kernel = Kernel,
        Iommu = IommuModelText.Parse(Iommu),
        PagingLevels = Paging,
        Memory = MemorySize.Parse(Memory),
        Vmcoreinfo = Vmcoreinfo,
        InterruptRemapping = InterruptRemapping,
        UserMapping = UserMapping,
        VirtualMachines = VirtualMachines,
        Cpu = Cpu ?? "",
        // A capture of an earlier lab does not say.
        Devices = new(Devices ?? []),
        Append = Append,
        MachineProperties = MachineProperties ?? "",
        Nodes = new((Nodes ?? []).Select(MemorySize.Parse)),
        Dimms = new((Dimms ?? []).Select(MemorySize.Parse)),
        MoreImages = new(MoreImages ?? []),
    };
}
