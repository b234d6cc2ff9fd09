using IommuSpy.Lab.Kernels;

namespace IommuSpy.Lab.Machines;

/// <summary>The QEMU machine for a <see cref="CaptureSpec"/>: its arguments and what follows from them.</summary>
internal sealed class Machine
{
    // Events with which every I/O virtual address that QEMU translated can be followed, and what happened to it later.
    private static readonly string[] VtdEvents =
    [
        "vtd_iotlb_page_update", "vtd_inv_desc_iotlb_*", "vtd_iotlb_reset", "vtd_dmar_fault", "vtd_dmar_enable", "vtd_ir_enable", "vtd_reg_dmar_root",
        "vtd_reg_ir_root", "vtd_switch_address_space", "vtd_translate_pt", "vtd_ir_irte_get", "vtd_ir_remap",
    ];

    private static readonly string[] AmdViEvents =
    [
        "amdvi_translation_result", "amdvi_page_fault", "amdvi_pages_inval", "amdvi_all_inval", "amdvi_control_status",
        "amdvi_invalid_dte", "amdvi_mode_invalid", "amdvi_get_pte_hwerror", "amdvi_iotlb_reset",
        "amdvi_ir_remap_msi_req", "amdvi_ir_irte_val", "amdvi_ir_irte_ga_val", "amdvi_ir_remap_msi",
    ];

    private static readonly string[] SmmuEvents =
    [
        "smmuv3_translate_*", "smmuv3_get_ste", "smmuv3_get_cd", "smmuv3_decode_cd_tt", "smmuv3_write_mmio", "smmuv3_record_event", "smmuv3_s1_range_inval",
        "smmuv3_cmdq_tlbi_nh*", "gicv3_its_cmd_mapd", "gicv3_its_cmd_mapti",
    ];

    private readonly CaptureSpec _spec;
    private readonly bool _hasE1000E;

    public Machine(CaptureSpec spec, GuestKernel kernel)
    {
        _spec = spec;
        Architecture = spec.Architecture;
        _hasE1000E = kernel.Has("E1000E");
        Disks = GuestDisk.For(Architecture.HasAhci && kernel.Has("SATA_AHCI"), spec.MoreImages.Contains(Capture.SavedState, StringComparer.Ordinal));
    }

    public GuestArchitecture Architecture { get; }

    public IReadOnlyList<GuestDisk> Disks { get; }

    /// <summary>
    /// "max" is the only model of QEMU's emulation with 57-bit addresses. Skylake-Server has Meltdown, so its kernel isolates user page
    /// tables; an EPYC and "max" (which says it is an AMD, and can have nested paging) do not. Of Arm's, "max" has 52-bit addresses unless told not to.
    /// </summary>
    public string CpuModel => _spec switch
    {
        { Cpu.Length: > 0 } => _spec.Cpu,
        { VirtualMachines: true } => $"max,+svm,+npt{(_spec.PagingLevels == 5 ? "" : ",-la57")}",
        { PagingLevels: 5 } => "max",
        _ when Architecture == GuestArchitecture.Arm64 => "max,lpa2=off",
        { Iommu: IommuModel.Amd } => "EPYC",
        _ => "Skylake-Server",
    };

    public string KernelCommandLine
    {
        get
        {
            string iommu = _spec.Iommu switch
            {
                IommuModel.Intel => "intel_iommu=on",
                IommuModel.IntelScalable => "intel_iommu=on,sm_on",
                _ => "",
            };

            // A panic must end QEMU; watchdogs, and the test that the timer ticks while the processor counts (it ends in a panic), only fire because emulation
            // is slow.
            string[] parts = [$"console={Architecture.Console}", "panic=-1", "nowatchdog", "no_timer_check", iommu, _spec.Append];
            return string.Join(' ', parts.Where(part => part.Length > 0));
        }
    }

    /// <summary>QEMU's arguments; files of this run are named by the directories given.</summary>
    /// <param name="capture">Where RAM, the serial log and the trace go.</param>
    /// <param name="scratch">Where disks, the initial file system and the monitor socket are.</param>
    public IReadOnlyList<string> Arguments(GuestKernel kernel, string capture, string scratch)
    {
        List<string> arguments = [.. UntracedArguments(kernel, capture, scratch)];
        foreach (string traced in TraceEvents())
        {
            arguments.AddRange(["-trace", $"enable={traced}"]);
        }

        arguments.AddRange(["-D", $"{capture}/oracle/iova-trace.txt"]);
        return arguments;
    }

    /// <summary>The same without the trace of the IOMMU, which grows for as long as the guest runs.</summary>
    /// <inheritdoc cref="Arguments"/>
    public IReadOnlyList<string> UntracedArguments(GuestKernel kernel, string capture, string scratch, string accelerator = "tcg,thread=multi")
    {
        string smmu = _spec.Iommu == IommuModel.SmmuV3 ? ",iommu=smmuv3" : "";
        string properties = $"{(_spec.MachineProperties.Length > 0 ? "," : "")}{_spec.MachineProperties}";
        List<string> arguments =
        [
            "-no-user-config", "-nodefaults", "-display", "none", "-no-reboot",
            "-machine", $"{Architecture.Board}{smmu}{(_spec.Nodes.Count == 0 ? ",memory-backend=ram" : "")}{properties}",
            "-accel", accelerator, "-cpu", CpuModel, "-smp", "2", .. Memory(capture), .. IommuDevice(),
        ];
        if (_spec.Vmcoreinfo)
        {
            arguments.AddRange(["-device", "vmcoreinfo"]);
        }

        // The user network answers the guest's pings and lets nothing out.
        arguments.AddRange(["-netdev", "user,id=network,restrict=on"]);
        const string Network = "netdev=network,romfile=";
        arguments.AddRange(["-device", _hasE1000E ? $"e1000e,{Network}" : $"virtio-net-pci,{Network},disable-legacy=on,iommu_platform=on"]);
        int port = 0;
        foreach (GuestDisk disk in Disks)
        {
            arguments.AddRange(["-drive", $"if=none,id={disk.Label},format=raw,cache=unsafe,file={disk.PathIn(scratch)}"]);
            arguments.AddRange(["-device", disk.IsNvme ? $"nvme,drive={disk.Label},serial={disk.Label}" : $"ide-hd,drive={disk.Label},bus=ide.{port++}"]);
        }

        // A device that no driver wants, with a DMA engine that a process can program.
        foreach (string device in _spec.UserMapping ? _spec.Devices.Prepend("edu") : _spec.Devices)
        {
            arguments.AddRange(["-device", device]);
        }

        arguments.AddRange(["-kernel", kernel.Image, "-initrd", Path.Combine(scratch, "initramfs"), "-append", KernelCommandLine]);
        arguments.AddRange(["-serial", $"file:{capture}/oracle/serial.log", "-qmp", $"unix:{scratch}/qmp,server=on,wait=off"]);
        return arguments;
    }

    private IEnumerable<string> Memory(string capture)
    {
        // Modules take room beyond the memory, and each may need to begin at a boundary.
        long most = _spec.Memory.Bytes + _spec.Dimms.Sum(dimm => dimm.Bytes);
        yield return "-m";
        yield return _spec.Dimms.Count == 0 ? $"{_spec.Memory}" : $"{_spec.Memory},slots={_spec.Dimms.Count},maxmem={new MemorySize(most)}";
        foreach ((string file, MemorySize size) in _spec.MemoryFiles)
        {
            string id = Path.GetFileNameWithoutExtension(file);
            yield return "-object";
            yield return $"memory-backend-file,id={id},size={size},mem-path={capture}/{file},share=on";
            if (id.StartsWith("node", StringComparison.Ordinal))
            {
                yield return "-numa";
                yield return $"node,memdev={id}";
            }
            else if (id.StartsWith("dimm", StringComparison.Ordinal))
            {
                yield return "-device";
                yield return $"pc-dimm,memdev={id}";
            }
        }
    }

    private string[] IommuDevice() => _spec.Iommu switch
    {
        // VFIO refuses a device whose accesses the IOMMU cannot make snoop the caches.
        IommuModel.Intel => ["-device", $"intel-iommu{RemappingOption}{(_spec.UserMapping ? ",snoop-control=on" : "")}"],
        IommuModel.IntelScalable => ["-device", $"intel-iommu,x-scalable-mode=on,aw-bits=48{RemappingOption}{(_spec.UserMapping ? ",snoop-control=on" : "")}"],
        IommuModel.Amd => ["-device", $"amd-iommu{RemappingOption}"],
        _ => [],
    };

    // Emulation remaps interrupts unless told not to.
    private string RemappingOption => _spec.InterruptRemapping ? "" : ",intremap=off";

    private string[] TraceEvents() => _spec.Iommu switch
    {
        IommuModel.Intel or IommuModel.IntelScalable => VtdEvents,
        IommuModel.Amd => AmdViEvents,
        IommuModel.SmmuV3 => SmmuEvents,
        _ => [],
    };
}
