using IommuSpy.Memory.Systems;

namespace IommuSpy.Memory.Sources.Devmem;

/// <summary>Why /dev/mem refuses, and what would help: the kernel gives the same few error numbers for many reasons.</summary>
internal sealed class DevMemRefusal(RunningFiles files, IReadOnlyList<IomemEntry> resources)
{
    private const string Module = "sys/module/su_devmem";
    private const string Node = "sys/class/mem/mem";

    /// <summary>Why it cannot be opened.</summary>
    internal static string OfOpening(RunningFiles files, int error)
    {
        Privileges privileges = Privileges.Of(files);
        return error switch
        {
            NativeFile.NoEntry or NativeFile.NoDevice when files.Names(Node).Count > 0 =>
                "there is no such file here, though the kernel has the device: sudo mknod -m 600 /dev/mem c 1 1",
            NativeFile.NoEntry or NativeFile.NoDevice => "there is none: this kernel is built without CONFIG_DEVMEM; use -s kcore",
            _ when privileges.Refusal is string refusal => refusal,
            NativeFile.NotPermitted when privileges.Lockdown is "integrity" =>
                "kernel lockdown forbids /dev/mem to everyone, and no module can lift that: to read memory use -s kcore; or boot with lockdown=none (and "
                    + "Secure Boot off where that is what locks)",
            NativeFile.NotPermitted =>
                "the kernel refuses it also to root: it is locked down (kernel_lockdown(7)), or a security module forbids it; `dmesg | grep -i lockdown` tells",
            NativeFile.AccessDenied => "this user may not open it: use sudo",
            _ => $"it cannot be opened (error {error})",
        };
    }

    /// <summary>What /proc/iomem calls an address: the innermost name.</summary>
    internal static string? NameOf(IReadOnlyList<IomemEntry> resources, PhysicalAddress address) =>
        resources.Where(entry => entry.Range.Contains(address)).MaxBy(entry => entry.Depth)?.Name;

    /// <summary>Why an address is refused that a file that is open was asked for.</summary>
    /// <param name="address">The address.</param>
    /// <param name="error">The error's number.</param>
    /// <param name="writing">Whether it was to be written.</param>
    internal string Of(PhysicalAddress address, int error, bool writing)
    {
        string? name = NameOf(resources, address);
        bool isMemory = resources.Any(entry => entry.IsMemory && entry.Range.Contains(address));
        if (error is NativeFile.BadAddress or 0)
        {
            return isMemory
                ? "the kernel has no mapping of this page: it was taken out of the direct map, or has gone offline"
                : "there is no memory at this address (/proc/iomem lists what there is)";
        }

        if (error is not (NativeFile.NotPermitted or NativeFile.InvalidArgument))
        {
            return $"the kernel does not map it (error {error})";
        }

        if (files.Names(Module).Count > 0 && (isMemory || name is not null))
        {
            string range = $"{Parameter("start")}-{Parameter("end")}";
            return writing && files.Text($"{Module}/parameters/write") == "N"
                ? "su-devmem is loaded for reading alone: load it with write=1, to write"
                : $"su-devmem is loaded for {range} alone: load it for this address too";
        }

        if (isMemory)
        {
            return $"the kernel keeps memory above 1 MiB from /dev/mem (CONFIG_STRICT_DEVMEM): load "
                + $"su-devmem.ko{(writing ? " with write=1" : ", or read it with -s kcore")}";
        }

        if (name is null)
        {
            return error == NativeFile.InvalidArgument ? "no physical address of this machine is so high"
                : "the kernel refuses it, and /proc/iomem does not list what is there";
        }

        return $"the kernel keeps it for the driver of {name} (CONFIG_IO_STRICT_DEVMEM): load su-devmem.ko, or boot with iomem=relaxed";
    }

    private string Parameter(string name) => ulong.TryParse(files.Text($"{Module}/parameters/{name}"), out ulong value) ? $"0x{value:x}" : "?";
}
