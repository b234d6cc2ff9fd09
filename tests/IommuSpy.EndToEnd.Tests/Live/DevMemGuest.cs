using System.Globalization;
using System.Text.RegularExpressions;
using IommuSpy.Lab;
using IommuSpy.Lab.Running;

namespace IommuSpy.EndToEnd.Tests.Live;

/// <summary>A guest with dev_mem and su-devmem for its kernel inside, and what QEMU says of its memory.</summary>
public abstract partial class DevMemGuest : IDisposable
{
    private const string Module = "/lib/su-devmem.ko";
    private readonly DirectoryInfo _built = Directory.CreateTempSubdirectory("iommu-spy-test-");

    private protected DevMemGuest(CaptureSpec spec)
    {
        // VT-d's capabilities, AMD-Vi's extended features.
        IommuRegisters = spec.Iommu == IommuModel.Amd ? ("amd_iommu", 0x30UL) : ("dmar0", 8UL);
        try
        {
            string module = ModuleBuild.Make(spec.Kernel, Path.Combine(Cli.Checkout(), "su-devmem"), _built.FullName);
            Guest = LiveGuest.Boot(spec, new GuestFile(Module, module));
        }
        catch
        {
            _built.Delete(recursive: true);
            throw;
        }

        Guest.Succeed("ln -s iommu-spy /bin/dev_mem");
    }

    /// <summary>The guest.</summary>
    public RunningGuest Guest { get; }

    /// <summary>What /proc/iomem calls the IOMMU's registers, and the offset of one that never changes, of 64 bits.</summary>
    public (string Name, ulong Constant) IommuRegisters { get; }

    /// <summary>Runs something while the module is loaded, and unloads it.</summary>
    public void WithModule(string parameters, Action action)
    {
        Guest.Succeed($"insmod {Module} {parameters}");
        try
        {
            action();
        }
        finally
        {
            Guest.Succeed("rmmod su_devmem");
        }
    }

    /// <summary>32-bit words of physical memory as QEMU sees them.</summary>
    public uint[] Words(ulong address, int count) =>
        [.. Numbers()
            .Matches(string.Concat(Guest.Monitor($"xp /{count}wx 0x{address:x}").Split('\n')
                .Select(line => line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..])))
            .Select(match => uint.Parse(match.Value.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))];

    /// <summary>Bytes of physical memory as they stand in QEMU's file.</summary>
    public byte[] Bytes(ulong address, int count)
    {
        byte[] bytes = new byte[count];
        using FileStream file = new(Guest.RamFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        file.Position = (long)address;
        file.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>The first line of /proc/iomem with a name.</summary>
    public (ulong First, ulong Last) Resource(string name)
    {
        Match match = Regex.Match(Guest.Succeed("cat /proc/iomem").Output, $"(?<first>[0-9a-f]+)-(?<last>[0-9a-f]+) : {name}$",
            RegexOptions.Multiline | RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
        Assert.True(match.Success, name);
        return (Hex(match.Groups["first"].Value), Hex(match.Groups["last"].Value));
    }

    /// <summary>
    /// What the innermost line of /proc/iomem calls an address: a page of a process may lie where the kernel's own data was before it was freed.
    /// </summary>
    public string NameAt(ulong address) => Guest.Succeed("cat /proc/iomem").Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(line => line.Trim().Split(" : ", 2))
        .Last(words => words[0].Split('-') is [string first, string last] && Hex(first) <= address && address <= Hex(last))[1];

    /// <summary>Where memory of the workload is, which nobody touches any more: virtual and physical address, and the process.</summary>
    public (ulong Virtual, ulong Physical, string Pid) QuietPage()
    {
        string[] words = Guest.Succeed("grep '^anonymous ' /run/workload | head -n 1").Output.Trim().Split(' ');
        ulong address = Hex(words[1][2..]);
        string entry = Guest.Succeed($"dd if=/proc/{words[3]}/pagemap bs=8 skip={address >> 12} count=1 2>/dev/null | od -A n -t x8").Output.Trim();
        ulong frame = Hex(entry) & ((1UL << 55) - 1);
        Assert.NotEqual(0UL, frame);
        return (address, frame << 12, words[3]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Guest.Dispose();
        _built.Delete(recursive: true);
        GC.SuppressFinalize(this);
    }

    private static ulong Hex(string digits) => ulong.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    [GeneratedRegex("0x[0-9a-f]{8}", RegexOptions.None, 1000)]
    private static partial Regex Numbers();

    /// <summary>Linux 5.10 behind an AMD IOMMU.</summary>
    public sealed class Linux510() : DevMemGuest(new() { Kernel = "5.10", Iommu = IommuModel.Amd });

    /// <summary>Linux 6.1 behind VT-d.</summary>
    public sealed class Linux61() : DevMemGuest(new() { Kernel = "6.1" });

    /// <summary>Linux 6.12 behind VT-d.</summary>
    public sealed class Linux612() : DevMemGuest(new() { Kernel = "6.12" });
}
