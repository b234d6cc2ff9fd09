using IommuSpy.Lab.Kernels;

namespace IommuSpy.Lab.Recording;

/// <summary>capture.json: how a capture was made. Written last, so a directory that has it is complete.</summary>
/// <param name="Inputs">The hash by which the capture is cached.</param>
/// <param name="Notes">What a reader of the oracle files must know.</param>
/// <param name="Files">Sizes in bytes by path.</param>
/// <param name="Seconds">Time by phase.</param>
internal sealed record CaptureRecord(
    string Tool,
    DateTimeOffset Made,
    CaptureRecordOptions Options,
    string Inputs,
    GuestKernel Kernel,
    string KernelCommandLine,
    string CpuModel,
    long MemoryBytes,
    string QemuVersion,
    IReadOnlyList<string> QemuArguments,
    IReadOnlyList<string> Notes,
    IReadOnlyDictionary<string, double> Seconds,
    IReadOnlyDictionary<string, long> Files)
{
    public const string FileName = "capture.json";

    public static readonly IReadOnlyList<string> StandardNotes =
    [
        "ram.raw is the guest's memory as QEMU maps it: contiguous, so on a machine whose memory continues at 4 GiB the second part follows the first",
        "oracle/guest/proc/PID/pagemap: little-endian 64-bit entries for every page of every line of maps, in order, concatenated; [vsyscall] left out",
        "oracle/guest/kpageflags and kpagecount: little-endian 64-bit entries, one for each page frame from 0",
        "oracle/guest/workload: name, start, length, pid of each mapping that the workload made on purpose",
        "oracle/guest/pci: address, vendor, device, class, driver, IOMMU group ('-' for none)",
        "oracle/guest/pci-config/ADDRESS: the function's configuration space, 4096 bytes or 256",
        "oracle/guest/iommu-domains: what the kernel answered for every page of every device's domain (lab/guest/lab_iommu.c describes the lines)",
        "oracle/guest/user-mappings: start, length, pid, I/O virtual address, rights, device of each mapping that a process made for a device",
        "oracle/guest/processes and threads: /proc/PID/stat of every process, kernel threads included, and of every thread",
    ];
}
