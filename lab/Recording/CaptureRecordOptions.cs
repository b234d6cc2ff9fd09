namespace IommuSpy.Lab.Recording;

/// <summary>A <see cref="CaptureSpec"/> as capture.json writes it, in the words of the command line.</summary>
internal sealed record CaptureRecordOptions(
    string Kernel, string Iommu, int Paging, string Memory, bool Vmcoreinfo, bool InterruptRemapping, bool UserMapping, IReadOnlyList<string>? Devices, string Append)
{
    public static CaptureRecordOptions From(CaptureSpec spec) =>
        new(
            spec.Kernel, spec.Iommu.ToOptionText(), spec.PagingLevels, spec.Memory.ToString(), spec.Vmcoreinfo, spec.InterruptRemapping, spec.UserMapping, [.. spec.Devices],
            spec.Append);

    public CaptureSpec ToSpec() => new()
    {
        Kernel = Kernel,
        Iommu = IommuModelText.Parse(Iommu),
        PagingLevels = Paging,
        Memory = MemorySize.TryParse(Memory, out MemorySize size) ? size : throw new LabException($"'{Memory}' is no memory size: use 512M or 5G"),
        Vmcoreinfo = Vmcoreinfo,
        InterruptRemapping = InterruptRemapping,
        UserMapping = UserMapping,
        // A capture of an earlier lab does not say.
        Devices = new(Devices ?? []),
        Append = Append,
    };
}
