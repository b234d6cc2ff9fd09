using IommuSpy.Memory;

namespace IommuSpy.Translation.Devices;

/// <summary>An interrupt remapping entry that is in use.</summary>
/// <param name="Index">Its number in its table: what the device's message names.</param>
/// <param name="Address">Where it stands.</param>
/// <param name="Entry">Its quadwords; of a short AMD-Vi entry one, with the upper half 0.</param>
/// <param name="Source">Which requester may use it; null where any may.</param>
/// <param name="Vector">The CPU's vector; of a posted one, the guest's.</param>
/// <param name="Destination">APIC ID, or a logical destination; null where it is posted.</param>
/// <param name="IsLogical">Whether the destination is a logical one.</param>
/// <param name="Delivery">Delivery mode: 0 fixed, 1 lowest priority, 2 SMI, 4 NMI, 5 INIT, 7 ExtINT.</param>
/// <param name="IsLevel">Whether it is level-triggered; null where the entry does not say (AMD-Vi).</param>
/// <param name="PostedTo">Where the posted-interrupt descriptor or the guest's virtual APIC page is; null for an interrupt that goes to a CPU.</param>
public sealed record InterruptEntry(
    int Index, PhysicalAddress Address, IReadOnlyList<ulong> Entry, RequesterId? Source, int Vector, uint? Destination, bool IsLogical, int Delivery,
    bool? IsLevel, PhysicalAddress? PostedTo);
