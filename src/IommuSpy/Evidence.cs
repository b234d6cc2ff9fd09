namespace IommuSpy;

/// <summary>A piece of evidence for a finding. Null is what it is not about.</summary>
/// <param name="What">What is there, in words.</param>
/// <param name="Physical">The physical address.</param>
/// <param name="Iova">The device's address.</param>
/// <param name="Bytes">How long it is.</param>
/// <param name="Rights">What the device may do there: "rw", "r", "w".</param>
/// <param name="Virtual">The virtual address for the kernel or its process.</param>
public sealed record Evidence(string What, ulong? Physical, ulong? Iova, ulong? Bytes, string? Rights, ulong? Virtual);
