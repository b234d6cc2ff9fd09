using System.CommandLine;
using IommuSpy.Lab.Kernels;

namespace IommuSpy.Lab.Commands;

/// <summary>What machine to boot. Every command that boots one has these options.</summary>
internal sealed class MachineOptions
{
    private readonly Option<string> _kernel = new("--kernel")
    {
        Description = "Debian kernel series and flavour: 6.1, 6.12, 5.10, 7.2, 6.1-cloud, 6.1-rt; with -arm64 behind, of that architecture",
        DefaultValueFactory = _ => "6.1",
    };

    private readonly Option<string?> _kernelFiles = new("--kernel-files")
    {
        Description = "instead, a directory with any kernel: vmlinuz, its config, lib/modules/RELEASE and headers where there are some, as installed or in an "
            + "unpacked package",
    };

    private readonly Option<string> _iommu = new("--iommu") { Description = "the machine's IOMMU", DefaultValueFactory = _ => "intel" };
    private readonly Option<int> _paging = new("--paging") { Description = "levels of the CPU's page tables", DefaultValueFactory = _ => 4 };
    private readonly Option<MemorySize> _memory = new("--memory")
    {
        Description = "the guest's memory, such as 512M or 5G",
        DefaultValueFactory = _ => MemorySize.Mebibytes(512),
        CustomParser = result =>
        {
            if (!MemorySize.TryParse(result.Tokens[0].Value, out MemorySize size))
            {
                result.AddError($"'{result.Tokens[0].Value}' is no memory size: use 512M or 5G");
            }

            return size;
        },
    };

    private readonly Option<string> _vmcoreinfo = new("--vmcoreinfo")
    {
        Description = "whether QEMU gets the kernel's VMCOREINFO note",
        DefaultValueFactory = _ => "on"
    };
    private readonly Option<string> _cpu = new("--cpu")
    {
        Description = "QEMU's model of the CPU, such as cortex-a57; by default one that fits the rest",
        DefaultValueFactory = _ => ""
    };
    private readonly Option<string> _remapping = new("--interrupt-remapping")
    {
        Description = "whether the IOMMU can remap interrupts",
        DefaultValueFactory = _ => "on"
    };
    private readonly Option<string> _userMapping = new("--user-mapping")
    {
        Description = "whether a process gives memory to a device, by VFIO",
        DefaultValueFactory = _ => "off"
    };
    private readonly Option<string> _virtualMachines = new("--virtual-machines")
    {
        Description = "whether the guest is a host of small virtual machines itself",
        DefaultValueFactory = _ => "off"
    };
    private readonly Option<string[]> _devices = new("--device")
    {
        Description = "one more device, as QEMU's -device takes it; repeat for several",
        DefaultValueFactory = _ => []
    };
    private readonly Option<string> _machine = new("--machine")
    {
        Description = "more properties of QEMU's machine, such as max-ram-below-4g=512M",
        DefaultValueFactory = _ => ""
    };
    private readonly Option<MemorySize[]> _nodes = Sizes("--node", "a NUMA node and how much of the memory is in it, as a block of its own; repeat for each");
    private readonly Option<MemorySize[]> _dimms = Sizes("--dimm", "a memory module of this size beyond the memory; repeat for several");
    private readonly Option<string[]> _images = new("--image")
    {
        Description = "an image to take beside the usual ones; repeat for several",
        DefaultValueFactory = _ => []
    };
    private readonly Option<string> _append = new("--append") { Description = "more kernel arguments, such as nokaslr", DefaultValueFactory = _ => "" };

    public MachineOptions(Command command)
    {
        _iommu.AcceptOnlyFromAmong([.. IommuModelText.All]);
        _paging.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is not (4 or 5))
            {
                result.AddError("--paging is 4 or 5");
            }
        });
        foreach (Option<string> onOff in new[] { _vmcoreinfo, _remapping, _userMapping, _virtualMachines })
        {
            onOff.AcceptOnlyFromAmong("on", "off");
        }

        _images.AcceptOnlyFromAmong([.. Capture.ImagesOnDemand]);
        foreach (Option option in new Option[] { _kernel, _kernelFiles, _iommu, _paging, _memory, _vmcoreinfo, _cpu, _remapping, _userMapping, _virtualMachines,
            _devices, _machine, _nodes, _dimms, _images, _append })
        {
            command.Options.Add(option);
        }
    }

    public CaptureSpec Spec(ParseResult parsed) => new()
    {
        Kernel = parsed.GetValue(_kernelFiles) is { } files ? KernelName.FilesPrefix + Path.GetFullPath(files) : parsed.GetRequiredValue(_kernel),
        Iommu = IommuModelText.Parse(parsed.GetRequiredValue(_iommu)),
        PagingLevels = parsed.GetRequiredValue(_paging),
        Memory = parsed.GetRequiredValue(_memory),
        Vmcoreinfo = parsed.GetRequiredValue(_vmcoreinfo) == "on",
        Cpu = parsed.GetRequiredValue(_cpu),
        InterruptRemapping = parsed.GetRequiredValue(_remapping) == "on",
        UserMapping = parsed.GetRequiredValue(_userMapping) == "on",
        VirtualMachines = parsed.GetRequiredValue(_virtualMachines) == "on",
        Devices = new(parsed.GetRequiredValue(_devices)),
        MachineProperties = parsed.GetRequiredValue(_machine),
        Nodes = new(parsed.GetRequiredValue(_nodes)),
        Dimms = new(parsed.GetRequiredValue(_dimms)),
        MoreImages = new(parsed.GetRequiredValue(_images)),
        Append = parsed.GetRequiredValue(_append).Trim(),
    };

    private static Option<MemorySize[]> Sizes(string name, string description) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => [],
        CustomParser = result =>
        {
            List<MemorySize> sizes = [];
            foreach (string text in result.Tokens.Select(token => token.Value))
            {
                if (MemorySize.TryParse(text, out MemorySize size))
                {
                    sizes.Add(size);
                }
                else
                {
                    result.AddError($"'{text}' is no memory size: use 512M or 5G");
                }
            }

            return [.. sizes];
        },
    };
}
