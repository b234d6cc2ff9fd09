namespace IommuSpy.Lab.Guests;

/// <summary>The files of lab/guest, embedded in this assembly.</summary>
internal static class GuestSources
{
    public const string InitScript = "init.sh";

    /// <summary>C programs, each built from one file of the same name.</summary>
    public static readonly IReadOnlyList<string> Programs = ["workload", "collector", "usermapping"];

    /// <summary>What takes the collector's place in a guest that stays up; no capture depends on it.</summary>
    public const string Agent = "agent";

    /// <summary>What types for a command in such a guest.</summary>
    public const string Terminal = "terminal";

    /// <summary>A process with pages that are no ordinary memory, in such a guest.</summary>
    public const string OddPages = "oddpages";

    /// <summary>A process with sockets of every kind, in such a guest.</summary>
    public const string Sockets = "sockets";

    /// <summary>What says which pages of a file are in memory, in such a guest.</summary>
    public const string Cached = "cached";

    /// <summary>What makes virtual machines in a host of them.</summary>
    public const string Hypervisor = "hypervisor";

    /// <summary>The only process of a Linux guest in such a machine.</summary>
    public const string Inner = "inner";

    /// <summary>What takes the collector's place in such a host, makes its machines and calls the collector.</summary>
    public const string MachinesScript = "machines.sh";

    /// <summary>The kernel module, built from one C file of the same name.</summary>
    public const string Module = "lab_iommu";

    public static byte[] Read(string file)
    {
        using Stream stream = typeof(GuestSources).Assembly.GetManifestResourceStream("guest/" + file)
            ?? throw new LabException($"guest/{file} is not embedded in the lab");
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }

    /// <summary>Everything that shapes what a guest does, for the hash of a capture's inputs.</summary>
    public static IEnumerable<byte[]> All(CaptureSpec spec) =>
    [
        Read(InitScript), .. Programs.Append(Module).Select(program => Read(program + ".c")),
        .. spec.VirtualMachines ? [Read(Hypervisor + ".c"), Read(Inner + ".c"), Read(MachinesScript)] : Array.Empty<byte[]>(),
    ];
}
