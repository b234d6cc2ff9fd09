namespace IommuSpy.Linux.Layout;

/// <summary>Which kind of address a region's addresses are.</summary>
public static class AddressKinds
{
    /// <summary>The kind of every address in a region.</summary>
    public static AddressKind Of(RegionKind region) => region switch
    {
        RegionKind.UserSpace => AddressKind.UserVirtual,
        RegionKind.DirectMap => AddressKind.KernelLogical,
        RegionKind.NonCanonical => AddressKind.NonCanonical,
        _ => AddressKind.KernelVirtual,
    };

    /// <summary>The kind in words.</summary>
    public static string Words(this AddressKind kind) => kind switch
    {
        AddressKind.UserVirtual => "user virtual address",
        AddressKind.KernelLogical => "kernel logical address",
        AddressKind.KernelVirtual => "kernel virtual address",
        AddressKind.NonCanonical => "non-canonical address",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "no such kind of address"),
    };
}
