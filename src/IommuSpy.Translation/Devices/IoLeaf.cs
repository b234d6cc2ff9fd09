using IommuSpy.Memory;

namespace IommuSpy.Translation.Devices;

/// <summary>One run of I/O virtual addresses that one entry maps.</summary>
/// <param name="Address">Its first address.</param>
/// <param name="Physical">What that translates to.</param>
/// <param name="Length">Bytes: a power of two of at least 4096.</param>
/// <param name="Rights">What the device may do: <see cref="AccessRights.Read"/>, <see cref="AccessRights.Write"/>, both or nothing.</param>
public readonly record struct IoLeaf(IoVirtualAddress Address, PhysicalAddress Physical, ulong Length, AccessRights Rights);
