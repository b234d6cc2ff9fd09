using IommuSpy.Memory;

namespace IommuSpy.Analysis.Exposure;

/// <summary>A piece of evidence for a finding. Null is what it is not about.</summary>
/// <param name="What">What is there: "PT of the kernel's half, from 0xffff888000000000".</param>
/// <param name="Physical">Where in memory.</param>
/// <param name="Iova">At which address of the device.</param>
/// <param name="Bytes">Bytes: a run of whole pages, or an object's.</param>
/// <param name="Rights">What the device may do there: "rw", "r", "w".</param>
/// <param name="Virtual">Where it is for the kernel or its process.</param>
public sealed record ExposureEvidence(string What, PhysicalAddress? Physical = null, IoVirtualAddress? Iova = null, ulong? Bytes = null, string? Rights = null,
    VirtualAddress? Virtual = null);
