using IommuSpy.Translation;
using IommuSpy.Translation.Devices;

namespace IommuSpy.Analysis.Iommu;

/// <summary>Why a request is refused, in words.</summary>
public static class DeviceFaultText
{
    /// <summary>The reason.</summary>
    /// <param name="translation">What became of the request.</param>
    /// <param name="fault">Why it was refused.</param>
    /// <returns>Null for <see cref="DeviceFault.None"/>.</returns>
    public static string? Of(DeviceTranslation translation, DeviceFault fault)
    {
        TranslationStep? last = translation.Walk?.Last;
        return fault switch
        {
            DeviceFault.None => null,
            DeviceFault.Blocked or DeviceFault.InvalidContext => translation.Context.Problem ?? "its device entry lets nothing through",
            DeviceFault.InterruptAddress => "writes to 0xfee00000-0xfeefffff are interrupts, and no memory",
            DeviceFault.NotPresent => last is null ? "not present" : $"not present: the level {last.Level} entry at {last.EntryAddress} is 0x{last.Entry:x16}",
            DeviceFault.NoPermission => "no permission: neither reads nor writes get through all levels",
            DeviceFault.NoReadPermission => "no permission: the device may not read there",
            DeviceFault.NoWritePermission => "no permission: the device may not write there",
            DeviceFault.ReservedBits => $"reserved bits 0x{last!.ReservedBits:x} are set in the level {last.Level} entry at {last.EntryAddress}",
            DeviceFault.LevelSkipped => $"level skipped: the level {last!.Level} entry at {last.EntryAddress} leads past levels that the address has bits for",
            DeviceFault.BeyondWidth => $"beyond the {translation.Context.Space!.AddressBits} bits that the device's tables translate",
            DeviceFault.NonCanonical => "not canonical for first-stage tables",
            _ => translation.Context.Space!.MissingTable(translation.Walk!),
        };
    }
}
