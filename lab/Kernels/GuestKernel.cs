using System.Text.Json.Serialization;

namespace IommuSpy.Lab.Kernels;

/// <summary>A kernel in the cache: its image, the modules that a guest loads, and where it came from.</summary>
/// <param name="Release">As uname -r prints it.</param>
/// <param name="WantedModules">The names that were asked for when <paramref name="ModuleOrder"/> was made.</param>
/// <param name="ModuleOrder">File names under modules/, each after the ones it depends on.</param>
/// <param name="UserMappingModules">The same for those that a guest loads beyond them to give a process's memory to a device.</param>
/// <param name="PersistentMemoryModules">The same for those that a guest loads to use memory as persistent.</param>
/// <param name="VirtualMachineModules">The same for those that make virtual machines; null in what an earlier lab kept.</param>
/// <param name="HasHeaders">Whether the headers for modules of this kernel are under headers/.</param>
internal sealed record GuestKernel(
    string Name,
    string Package,
    string Version,
    string Release,
    string Suite,
    IReadOnlyList<string> WantedModules,
    IReadOnlyList<string> ModuleOrder,
    IReadOnlyList<string> UserMappingModules,
    IReadOnlyList<string> PersistentMemoryModules,
    IReadOnlyList<string>? VirtualMachineModules,
    bool HasHeaders)
{
    public const string ImageName = "vmlinuz";
    public const string ConfigurationName = "config";
    public const string HeadersName = "headers";

    [JsonIgnore]
    public string Directory { get; init; } = "";

    [JsonIgnore]
    public string Image => Path.Combine(Directory, ImageName);

    [JsonIgnore]
    public string Configuration => Path.Combine(Directory, ConfigurationName);

    [JsonIgnore]
    public string Headers => Path.Combine(Directory, HeadersName);

    public IEnumerable<string> ModuleFiles(IReadOnlyList<string> order) => order.Select(name => Path.Combine(Directory, "modules", name));

    /// <summary>Whether an option was turned off; one that a newer kernel no longer knows was not.</summary>
    public bool Lacks(string option) => File.ReadLines(Configuration).Contains($"# CONFIG_{option} is not set", StringComparer.Ordinal);

    /// <summary>Whether the kernel drives a device, as a module or built in.</summary>
    /// <param name="option">A configuration option without its CONFIG_.</param>
    public bool Has(string option) => File.ReadLines(Configuration).Any(line => line == $"CONFIG_{option}=m" || line == $"CONFIG_{option}=y");
}
