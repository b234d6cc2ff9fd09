using System.Buffers.Binary;
using IommuSpy.Memory;
using IommuSpy.Memory.Systems;

namespace IommuSpy.Linux.Witnesses;

/// <summary>
/// What a VT-d unit's own registers say (VT-d specification, 11.4): of the running machine where /dev/mem lets them be read, or as they were recorded.
/// </summary>
/// <param name="Translating">GSTS.TES: it translates.</param>
/// <param name="RemapsInterrupts">GSTS.IRES: it remaps interrupts.</param>
/// <param name="Root">RTADDR: the root table.</param>
/// <param name="IsScalable">RTADDR.TTM: the root table is scalable mode's.</param>
/// <param name="Capabilities">CAP.</param>
/// <param name="ExtendedCapabilities">ECAP.</param>
internal sealed record VtdRegisters(bool Translating, bool RemapsInterrupts, PhysicalAddress Root, bool IsScalable, ulong Capabilities,
    ulong ExtendedCapabilities)
{
    private const int Bytes = 0x100;
    private const int CapabilitiesAt = 0x8;
    private const int ExtendedCapabilitiesAt = 0x10;
    private const int GlobalStatusAt = 0x1c;
    private const int RootAt = 0x20;
    private const uint TranslationStatus = 1U << 31;
    private const uint InterruptStatus = 1U << 25;
    private const ulong TableMode = 3UL << 10;
    private const ulong ScalableMode = 1UL << 10;
    private const ulong AddressMask = 0x000f_ffff_ffff_f000;

    /// <summary>Where they were read.</summary>
    public const string Way = "registers, RTADDR";

    /// <summary>Reads them; null where they cannot be read, or read as what no unit says.</summary>
    public static VtdRegisters? Read(SystemFiles files, PhysicalAddress registers)
    {
        if (files.Registers(registers, Bytes) is not byte[] bytes)
        {
            return null;
        }

        ulong capabilities = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(CapabilitiesAt));
        if (capabilities is 0 or ulong.MaxValue)
        {
            return null;
        }

        uint status = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(GlobalStatusAt));
        ulong root = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(RootAt));
        return new(
            (status & TranslationStatus) != 0, (status & InterruptStatus) != 0, new(root & AddressMask), (root & TableMode) == ScalableMode, capabilities,
            BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(ExtendedCapabilitiesAt)));
    }
}
