using System.CommandLine;

namespace IommuSpy.Lab.Commands;

/// <summary>What machine to boot. Every command that boots one has these options.</summary>
internal sealed class MachineOptions
{
    private readonly Option<string> _kernel = new("--kernel")
    {
        Description = "Debian kernel series and flavour: 6.1, 6.12, 5.10, 7.2, 6.1-cloud, 6.1-rt",
        DefaultValueFactory = _ => "6.1",
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

    private readonly Option<string> _vmcoreinfo = new("--vmcoreinfo") { Description = "whether QEMU gets the kernel's VMCOREINFO note", DefaultValueFactory = _ => "on" };
    private readonly Option<string> _remapping = new("--interrupt-remapping") { Description = "whether the IOMMU can remap interrupts", DefaultValueFactory = _ => "on" };
    private readonly Option<string> _userMapping = new("--user-mapping") { Description = "whether a process gives memory to a device, by VFIO", DefaultValueFactory = _ => "off" };
    private readonly Option<string[]> _devices = new("--device") { Description = "one more device, as QEMU's -device takes it; repeat for several", DefaultValueFactory = _ => [] };
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
        foreach (Option<string> onOff in new[] { _vmcoreinfo, _remapping, _userMapping })
        {
            onOff.AcceptOnlyFromAmong("on", "off");
        }

        foreach (Option option in new Option[] { _kernel, _iommu, _paging, _memory, _vmcoreinfo, _remapping, _userMapping, _devices, _append })
        {
            command.Options.Add(option);
        }
    }

    public CaptureSpec Spec(ParseResult parsed) => new()
    {
        Kernel = parsed.GetRequiredValue(_kernel),
        Iommu = IommuModelText.Parse(parsed.GetRequiredValue(_iommu)),
        PagingLevels = parsed.GetRequiredValue(_paging),
        Memory = parsed.GetRequiredValue(_memory),
        Vmcoreinfo = parsed.GetRequiredValue(_vmcoreinfo) == "on",
        InterruptRemapping = parsed.GetRequiredValue(_remapping) == "on",
        UserMapping = parsed.GetRequiredValue(_userMapping) == "on",
        Devices = new(parsed.GetRequiredValue(_devices)),
        Append = parsed.GetRequiredValue(_append).Trim(),
    };
}
