using System.Text.Json;
using IommuSpy.Lab.Host;

namespace IommuSpy.Lab.Kernels;

/// <summary>
/// Kernels fetched from Debian, or taken from files. One that is here stays until `lab clean --all`, so captures stay valid and need no network.
/// </summary>
internal static class KernelStore
{
    private const string RecordName = "kernel.json";
    private const string ImagePrefix = "linux-image-";
    private static readonly string[] ImagePackagePrefixes = [ImagePrefix, "linux-binary-", "linux-modules-"];

    private static IEnumerable<string> AllWantedModules =>
        [.. KernelModules.Wanted, .. KernelModules.WantedForUserMapping, .. KernelModules.WantedForPersistentMemory];

    /// <summary>The cached kernel, or null.</summary>
    public static GuestKernel? TryOpen(KernelName name)
    {
        string directory = Path.Combine(LabDirectories.Kernels, name.ToString());
        string record = Path.Combine(directory, RecordName);
        if (!File.Exists(record))
        {
            return null;
        }

        GuestKernel kernel = JsonSerializer.Deserialize<GuestKernel>(File.ReadAllText(record), LabJson.Options)
            ?? throw new LabException($"{record} is empty: run lab clean --all");
        bool isCurrent = kernel.WantedModules.SequenceEqual(AllWantedModules, StringComparer.Ordinal) && kernel.VirtualMachineModules is not null;
        return isCurrent ? kernel with { Directory = directory } : null;
    }

    /// <summary>The cached kernel of a series, or the newest one that the archive has.</summary>
    public static GuestKernel Get(string series, Action<string> say, CancellationToken cancellation)
    {
        KernelName name = KernelName.Parse(series);
        if (TryOpen(name) is { } cached)
        {
            return cached;
        }

        using LabLock held = LabLock.Take(LabDirectories.LockFile, say, cancellation);
        HostTools.Ensure(name.Architecture, say, cancellation);
        return Ensure(name, say, cancellation);
    }

    /// <summary>The cached kernel, or the newest one of its series that the archive has. Call with the lab's lock held.</summary>
    public static GuestKernel Ensure(KernelName name, Action<string> say, CancellationToken cancellation)
    {
        if (TryOpen(name) is { } cached)
        {
            return cached;
        }

        if (name.Files is { } files)
        {
            Take(files, name, say, cancellation);
            return TryOpen(name) ?? throw new LabException($"kernel {name} was taken but cannot be opened");
        }

        var tried = new List<string>();
        foreach (ArchiveSuite suite in ArchiveSuite.For(name, cancellation))
        {
            say($"looking for kernel {name} in {suite}");
            using var apt = new PrivateApt(suite, name.Architecture, LabDirectories.Apt);
            if (!apt.TryUpdate(cancellation, out string complaint))
            {
                tried.Add($"{suite} ({complaint})");
                continue;
            }

            if (FindImage(apt, name, cancellation) is { } image)
            {
                Fetch(apt, suite, name, image, say, cancellation);
                return TryOpen(name) ?? throw new LabException($"kernel {name} was fetched but cannot be opened");
            }

            tried.Add(suite.ToString());
        }

        throw new LabException($"found no kernel {name} in {string.Join(", ", tried)}");
    }

    private static DebianPackage? FindImage(PrivateApt apt, KernelName name, CancellationToken cancellation)
    {
        foreach (string meta in name.MetaPackages)
        {
            string? image = apt.Find(meta, cancellation)?.Depends.FirstOrDefault(name.Matches);
            if (image is not null && apt.Find(image, cancellation) is { } package)
            {
                return package;
            }
        }

        return null;
    }

    private static void Fetch(PrivateApt apt, ArchiveSuite suite, KernelName name, DebianPackage image, Action<string> say, CancellationToken cancellation)
    {
        string release = image.Name[ImagePrefix.Length..];
        Keep(name, building =>
        {
            string downloads = Directory.CreateDirectory(Path.Combine(building, "downloads")).FullName;
            string root = Directory.CreateDirectory(Path.Combine(building, "root")).FullName;
            say($"downloading {image.Name} {image.Version}");
            foreach (string file in apt.Download(WithSplitPackages(apt, image, release, cancellation), downloads, cancellation))
            {
                HostCommand.Run("dpkg-deb", ["-x", file, root], cancellation);
            }

            string kept = Path.Combine(building, "kept");
            KeptModules modules = KeepModules(root, release, kept, cancellation);
            File.Move(FindFile(root, $"vmlinuz-{release}", Path.Combine("lib/modules", release, "vmlinuz")), Path.Combine(kept, GuestKernel.ImageName));
            File.Move(FindFile(root, $"config-{release}", Path.Combine("lib/modules", release, "config")), Path.Combine(kept, GuestKernel.ConfigurationName));
            // A module for another CPU takes that CPU's kernel build tools, which do not run here.
            bool hasHeaders = name.Architecture.IsHost
                && KernelHeaders.TryFetch(apt, release, building, Path.Combine(kept, GuestKernel.HeadersName), say, cancellation);
            return new GuestKernel(
                name.ToString(), image.Name, image.Version, release, suite.Name, [.. AllWantedModules], modules.Order, modules.UserMapping, modules.Persistent,
                modules.VirtualMachines, hasHeaders);
        });
    }

    // Somebody's own files are copied, so that a capture stays valid when they change; headers are many, and stay where they are.
    private static void Take(KernelFiles files, KernelName name, Action<string> say, CancellationToken cancellation)
    {
        say($"taking kernel {files.Release} from {files.Directory}");
        Keep(name, building =>
        {
            string kept = Path.Combine(building, "kept");
            var kernelModules = new KeptModules([], [], [], []);
            if (files.Modules is { } modules)
            {
                string root = Path.Combine(building, "root");
                Directory.CreateDirectory(Path.Combine(root, "lib/modules"));
                HostCommand.Run("cp", ["-rL", "--no-preserve=mode", modules, Path.Combine(root, "lib/modules")], cancellation);
                kernelModules = KeepModules(root, files.Release, kept, cancellation);
            }

            File.Copy(files.Image, Path.Combine(kept, GuestKernel.ImageName));
            File.Copy(files.Configuration, Path.Combine(kept, GuestKernel.ConfigurationName));
            if (files.Headers is { } headers)
            {
                KernelHeaders.Link(headers, files.Release, Path.Combine(kept, GuestKernel.HeadersName));
            }

            return new GuestKernel(
                name.ToString(), files.Directory, files.Identity, files.Release, "files", [.. AllWantedModules], kernelModules.Order,
                kernelModules.UserMapping, kernelModules.Persistent, kernelModules.VirtualMachines, files.Headers is not null);
        });
    }

    // Makes a kernel's directory of the cache out of what `make` leaves in the directory "kept" of the one it is given; the rest of that goes.
    private static void Keep(KernelName name, Func<string, GuestKernel> make)
    {
        string final = Path.Combine(LabDirectories.Kernels, name.ToString());
        string building = final + ".building";
        DeleteDirectory(building);
        string kept = Directory.CreateDirectory(Path.Combine(building, "kept")).FullName;
        GuestKernel kernel = make(building);
        File.WriteAllText(Path.Combine(kept, RecordName), JsonSerializer.Serialize(kernel, LabJson.Options));
        DeleteDirectory(final);
        Directory.Move(kept, final);
        DeleteDirectory(building);
    }

    private static KeptModules KeepModules(string root, string release, string kept, CancellationToken cancellation)
    {
        // Newer packages install below /usr/lib; depmod looks below /lib.
        if (!Directory.Exists(Path.Combine(root, "lib/modules")))
        {
            Directory.CreateDirectory(Path.Combine(root, "lib"));
            Directory.CreateSymbolicLink(Path.Combine(root, "lib/modules"), "../usr/lib/modules");
        }

        string modules = Path.Combine(kept, "modules");
        IReadOnlyList<string> order = KernelModules.Extract(root, release, KernelModules.Wanted, modules, cancellation);
        return new KeptModules(
            order, more(KernelModules.WantedForUserMapping), more(KernelModules.WantedForPersistentMemory), more(KernelModules.WantedForVirtualMachines));

        IReadOnlyList<string> more(IReadOnlyList<string> wanted) =>
            [.. KernelModules.Extract(root, release, wanted, modules, cancellation).Except(order, StringComparer.Ordinal)];
    }

    // Since 6.13 or so the image package is empty and depends on packages with the binary and the modules of the same release.
    private static List<DebianPackage> WithSplitPackages(PrivateApt apt, DebianPackage image, string release, CancellationToken cancellation)
    {
        var packages = new List<DebianPackage> { image };
        for (int next = 0; next < packages.Count; next++)
        {
            foreach (string dependency in packages[next].Depends)
            {
                bool isPart = ImagePackagePrefixes.Append("linux-base-").Any(prefix => dependency == prefix + release);
                if (isPart && packages.TrueForAll(package => package.Name != dependency) && apt.Find(dependency, cancellation) is { } part)
                {
                    packages.Add(part);
                }
            }
        }

        return packages;
    }

    private static string FindFile(string root, string bootName, string alternative)
    {
        string[] candidates = [Path.Combine(root, "boot", bootName), Path.Combine(root, alternative)];
        return Array.Find(candidates, File.Exists) ?? throw new LabException($"the kernel packages hold no {bootName}");
    }

    private static void DeleteDirectory(string path)
    {
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }

    // File names of modules in loading order: of every guest, and what is loaded beyond them.
    private sealed record KeptModules(
        IReadOnlyList<string> Order, IReadOnlyList<string> UserMapping, IReadOnlyList<string> Persistent, IReadOnlyList<string> VirtualMachines);
}
