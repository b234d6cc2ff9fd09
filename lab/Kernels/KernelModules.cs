using IommuSpy.Lab.Host;

namespace IommuSpy.Lab.Kernels;

/// <summary>Takes the modules that a guest needs, with what they depend on, out of an unpacked kernel package.</summary>
internal static class KernelModules
{
    /// <summary>Drivers of every device that a lab machine can have. Which of them a kernel has as modules, has built in or lacks differs.</summary>
    public static readonly IReadOnlyList<string> Wanted =
    [
        "qemu_fw_cfg", "e1000e", "e1000", "virtio_pci", "virtio_net", "ahci", "sd_mod", "nvme",
        "crc32c_generic", "ext4",
    ];

    /// <summary>What gives a process's memory to a device.</summary>
    public static readonly IReadOnlyList<string> WantedForUserMapping = ["vfio_iommu_type1", "vfio-pci"];

    /// <summary>What makes virtual machines, on the CPU that the lab's machines have for it.</summary>
    public static readonly IReadOnlyList<string> WantedForVirtualMachines = ["kvm-amd"];

    /// <summary>What drives memory that the kernel's argument memmap=SIZE!START makes persistent.</summary>
    public static readonly IReadOnlyList<string> WantedForPersistentMemory = ["nd_e820", "nd_pmem"];

    /// <summary>Copies modules, uncompressed, and returns their file names in loading order.</summary>
    /// <param name="root">The package's root, with lib/modules/RELEASE below it.</param>
    /// <param name="wanted">Names of modules; those that the kernel has built in or lacks are left out.</param>
    public static IReadOnlyList<string> Extract(string root, string release, IReadOnlyList<string> wanted, string destination, CancellationToken cancellation)
    {
        HostCommand.Run(HostTools.PathOf("depmod"), ["-b", root, release], cancellation);
        string directory = Path.Combine(root, "lib/modules", release);
        var dependencies = new Dictionary<string, string[]>(StringComparer.Ordinal);
        foreach (string line in File.ReadLines(Path.Combine(directory, "modules.dep")))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            dependencies[line[..colon]] = line[(colon + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        }

        var order = new List<string>();
        foreach (string name in wanted)
        {
            if (dependencies.Keys.FirstOrDefault(path => ModuleName(path) == name) is { } path)
            {
                AddAfterDependencies(path, dependencies, order);
            }
        }

        Directory.CreateDirectory(destination);
        foreach (string path in order)
        {
            CopyUncompressed(Path.Combine(directory, path), Path.Combine(destination, ModuleName(path) + ".ko"), cancellation);
        }

        return [.. order.Select(path => ModuleName(path) + ".ko")];
    }

    private static void AddAfterDependencies(string path, Dictionary<string, string[]> dependencies, List<string> order)
    {
        // modules.dep lists every dependency, direct and not, the one to load first last.
        foreach (string needed in dependencies[path].Reverse().Append(path))
        {
            if (!order.Contains(needed, StringComparer.Ordinal))
            {
                order.Add(needed);
            }
        }
    }

    private static string ModuleName(string path)
    {
        string file = Path.GetFileName(path);
        return file[..file.IndexOf(".ko", StringComparison.Ordinal)];
    }

    private static void CopyUncompressed(string source, string destination, CancellationToken cancellation)
    {
        // Two lists may have a module in common.
        if (File.Exists(destination))
        {
            return;
        }

        string extension = Path.GetExtension(source);
        string copy = extension == ".ko" ? destination : destination + extension;
        File.Copy(source, copy, overwrite: true);
        switch (extension)
        {
            case ".xz":
                HostCommand.Run("xz", ["-d", copy], cancellation);
                break;
            case ".zst":
                HostCommand.Run("zstd", ["-d", "-q", "--rm", copy], cancellation);
                break;
            case ".gz":
                HostCommand.Run("gzip", ["-d", copy], cancellation);
                break;
        }
    }
}
