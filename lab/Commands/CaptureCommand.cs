using System.CommandLine;

namespace IommuSpy.Lab.Commands;

/// <summary>lab capture: boots a guest, records it and prints the directory.</summary>
internal static class CaptureCommand
{
    public static Command Create()
    {
        var kernel = new Option<string>("--kernel")
        {
            Description = "Debian kernel series and flavour: 6.1, 6.12, 5.10, 7.2, 6.1-cloud, 6.1-rt",
            DefaultValueFactory = _ => "6.1",
        };
        var iommu = new Option<string>("--iommu") { Description = "the machine's IOMMU", DefaultValueFactory = _ => "intel" };
        iommu.AcceptOnlyFromAmong([.. IommuModelText.All]);
        var paging = new Option<int>("--paging") { Description = "levels of the CPU's page tables", DefaultValueFactory = _ => 4 };
        paging.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is not (4 or 5))
            {
                result.AddError("--paging is 4 or 5");
            }
        });
        var memory = new Option<MemorySize>("--memory")
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
        var vmcoreinfo = new Option<string>("--vmcoreinfo") { Description = "whether QEMU gets the kernel's VMCOREINFO note", DefaultValueFactory = _ => "on" };
        vmcoreinfo.AcceptOnlyFromAmong("on", "off");
        var remapping = new Option<string>("--interrupt-remapping") { Description = "whether the IOMMU can remap interrupts", DefaultValueFactory = _ => "on" };
        remapping.AcceptOnlyFromAmong("on", "off");
        var userMapping = new Option<string>("--user-mapping") { Description = "whether a process gives memory to a device, by VFIO", DefaultValueFactory = _ => "off" };
        userMapping.AcceptOnlyFromAmong("on", "off");
        var devices = new Option<string[]>("--device") { Description = "one more device, as QEMU's -device takes it; repeat for several", DefaultValueFactory = _ => [] };
        var append = new Option<string>("--append") { Description = "more kernel arguments, such as nokaslr", DefaultValueFactory = _ => "" };
        var output = new Option<string?>("--out") { Description = "a symbolic link to make to the capture" };
        var command = new Command("capture", "Boot a Debian kernel in QEMU and capture its memory with oracle files; prints the directory.")
        {
            kernel, iommu, paging, memory, vmcoreinfo, remapping, userMapping, devices, append, output,
        };
        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                var spec = new CaptureSpec
                {
                    Kernel = parsed.GetRequiredValue(kernel),
                    Iommu = IommuModelText.Parse(parsed.GetRequiredValue(iommu)),
                    PagingLevels = parsed.GetRequiredValue(paging),
                    Memory = parsed.GetRequiredValue(memory),
                    Vmcoreinfo = parsed.GetRequiredValue(vmcoreinfo) == "on",
                    InterruptRemapping = parsed.GetRequiredValue(remapping) == "on",
                    UserMapping = parsed.GetRequiredValue(userMapping) == "on",
                    Devices = new(parsed.GetRequiredValue(devices)),
                    Append = parsed.GetRequiredValue(append).Trim(),
                };
                Capture capture = Captures.Ensure(spec, cancellation: cancellation);
                Console.Out.WriteLine(parsed.GetValue(output) is { } link ? Link(capture, link) : capture.Directory);
            },
            CancellationToken.None));
        return command;
    }

    // The cache owns the capture, so --out costs no second copy of gigabytes.
    private static string Link(Capture capture, string link)
    {
        var existing = new FileInfo(link);
        if (existing.LinkTarget is not null)
        {
            existing.Delete();
        }
        else if (Path.Exists(link))
        {
            throw new LabException($"{link} exists and is no link: name another place");
        }

        File.CreateSymbolicLink(link, capture.Directory);
        return link;
    }
}
