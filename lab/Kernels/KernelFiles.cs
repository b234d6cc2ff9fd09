using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace IommuSpy.Lab.Kernels;

/// <summary>
/// The files of any kernel, built by whoever has it: the image, its configuration, its modules if it has some, its headers if they are there. Laid out as
/// distributions install them below / (boot, lib/modules, usr/src), as an unpacked package has them, or all in one directory.
/// </summary>
/// <param name="Directory">Where they are.</param>
/// <param name="Release">As uname -r prints it; the image says it.</param>
/// <param name="Image">The bzImage.</param>
/// <param name="Configuration">The file of CONFIG_ lines.</param>
/// <param name="Modules">The directory lib/modules/RELEASE, or null where the kernel has no modules.</param>
/// <param name="Headers">The directory to give to make for building a module, or null.</param>
internal sealed record KernelFiles(string Directory, string Release, string Image, string Configuration, string? Modules, string? Headers)
{
    // Documentation/arch/x86/boot.rst: "HdrS" at 0x202, the version's text at 0x200 and what 0x20e holds.
    private const int SignatureAt = 0x202;
    private const int VersionAt = 0x20e;
    private const int VersionBase = 0x200;

    /// <summary>Eight digits that change with the files that a capture depends on.</summary>
    public string Identity =>
        Convert.ToHexStringLower(
            SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', Stamp(Image), Stamp(Configuration), Stamp(Modules), Stamp(Headers)))))[..8];

    /// <summary>Finds the files.</summary>
    /// <exception cref="LabException">There is no image of an x86 kernel, or no configuration, or several of one kind.</exception>
    public static KernelFiles In(string directory)
    {
        if (!System.IO.Directory.Exists(directory))
        {
            throw new LabException($"--kernel-files {directory}: there is no such directory");
        }

        string full = Path.GetFullPath(directory);
        string image = Only(full, "image (vmlinuz-RELEASE, vmlinuz or bzImage)", ["boot", ""], ["vmlinuz*", "bzImage*"]);
        string release = ReleaseOf(image) ?? throw new LabException($"{image} is no bzImage: an uncompressed vmlinux does not boot in QEMU's way");
        string configuration = Only(full, $"configuration (config-{release}, config or .config)", ["boot", ""], [$"config-{release}", "config", ".config"]);
        return new(full, release, image, configuration,
            Below(full, "lib/modules", "usr/lib/modules", "modules", "").Select(parent => Path.Combine(parent, release)).FirstOrDefault(IsModules),
            Below(full, $"usr/src/linux-headers-{release}", $"lib/modules/{release}/build", "headers")
                .FirstOrDefault(build => File.Exists(Path.Combine(build, "Makefile"))));
    }

    private static bool IsModules(string directory) =>
        System.IO.Directory.Exists(Path.Combine(directory, "kernel")) || File.Exists(Path.Combine(directory, "modules.dep"));

    private static IEnumerable<string> Below(string directory, params string[] places) =>
        places.Select(place => Path.Combine(directory, place)).Where(System.IO.Directory.Exists);

    private static string Only(string directory, string what, string[] places, string[] patterns)
    {
        foreach (string place in Below(directory, places))
        {
            foreach (string pattern in patterns)
            {
                string[] found = System.IO.Directory.GetFiles(place, pattern);
                if (found.Length > 0)
                {
                    return found.Length == 1 ? found[0]
                        : throw new LabException($"--kernel-files {directory}: {found.Length} files could be the {what}: leave one");
                }
            }
        }

        throw new LabException($"--kernel-files {directory}: there is no {what}, also not in boot/");
    }

    private static string? ReleaseOf(string image)
    {
        using FileStream file = File.OpenRead(image);
        Span<byte> start = stackalloc byte[0x8000];
        start = start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)];
        if (start.Length < VersionAt + 2 || !start[SignatureAt..].StartsWith("HdrS"u8))
        {
            return null;
        }

        int at = VersionBase + BinaryPrimitives.ReadUInt16LittleEndian(start[VersionAt..]);
        ReadOnlySpan<byte> text = at < start.Length ? start[at..] : default;
        int end = text.IndexOfAny((byte)' ', (byte)0);
        return end > 0 ? Encoding.ASCII.GetString(text[..end]) : null;
    }

    private static string Stamp(string? path) =>
        path is null ? "-"
            : string.Create(CultureInfo.InvariantCulture,
                $"{path} {File.GetLastWriteTimeUtc(path).Ticks} {(File.Exists(path) ? new FileInfo(path).Length : 0)}");
}
